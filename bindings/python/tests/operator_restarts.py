"""An operator: restarts what crash-loops, by deleting the Pod and creating it anew, once."""

import kopf
import kubernetes


@kopf.on.event("pods", labels={"restart": "yes"})
def restart(body: kopf.Body, name: str, namespace: str, **_: object) -> None:
    statuses = body.get("status", {}).get("containerStatuses", [])
    reasons = [status.get("state", {}).get("waiting", {}).get("reason") for status in statuses]
    if "CrashLoopBackOff" not in reasons or body["metadata"].get("deletionTimestamp"):
        return
    kubernetes.config.load_kube_config()
    pods = kubernetes.client.CoreV1Api()
    pods.delete_namespaced_pod(name, namespace, grace_period_seconds=0)
    metadata = {"name": f"{name}-again", "labels": {"restarted": "yes"}}
    pods.create_namespaced_pod(namespace, {"metadata": metadata, "spec": {"containers": [dict(body["spec"]["containers"][0])]}})
