"""The reference site: it wires compat, deploy and deploy_conf together."""
