"""
Configuration as a program: nginx, uWSGI, daphne, Redis and supervisor from one set of templates.

    python -m deploy_conf render   write the files for a named site
    python -m deploy_conf up       run the site here, without root
    python -m deploy_conf status   what is running
    python -m deploy_conf down     stop it
"""
