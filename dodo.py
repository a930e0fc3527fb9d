import release_tasks

project = release_tasks.Project("release.toml")
DOIT_CONFIG = project.doit_config
