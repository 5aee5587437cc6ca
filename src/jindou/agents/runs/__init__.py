from jindou.agents.runs.types import EventType, Run, RunDetail, RunEvent, RunStatus, StartRun, Step, StepStatus

__all__ = ["EventType", "Run", "RunDetail", "RunEvent", "RunStatus", "StartRun", "Step", "StepStatus"]
