"""What addresses of one workflow, environment, change request or release begin with."""

WORKFLOW = "workflows/<slug:slug>/"
ENVIRONMENT = f"{WORKFLOW}environments/<slug:environment>/"
CHANGE = f"{WORKFLOW}changes/<int:number>/"
RELEASE = f"{WORKFLOW}releases/<slug:environment>/<int:number>/"
