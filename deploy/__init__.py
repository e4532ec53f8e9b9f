"""Deployments of services, run by a supervised runner and watched live."""

default_app_config = "deploy.apps.DeployConfig"
