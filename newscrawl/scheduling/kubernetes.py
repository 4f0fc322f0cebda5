"""A CronJob."""

import json
import re
from typing import Final

from newscrawl.errors import UsageError
from newscrawl.scheduling import GRACE, Plan, Schedule, cron_times

FOLDER: Final = "/srv/news"
"""The working folder in the container, where nobody states another."""
IMAGE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,511}")
CLAIM: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
CRON_JOB: Final = """\
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {name}
  labels: {{app.kubernetes.io/name: newscrawl, app.kubernetes.io/instance: {name}}}
spec:
  schedule: {schedule}
  timeZone: Etc/UTC
  # Runs lock each other out by themselves; a pod that only finds that out need not be started.
  concurrencyPolicy: Forbid
  # A start that was missed is made up for until the next.
  startingDeadlineSeconds: {every}
  successfulJobsHistoryLimit: 1
  failedJobsHistoryLimit: 3
  jobTemplate:
    spec:
      # The next run goes on where this one was: nothing is gained by trying again at once.
      backoffLimit: 0
      activeDeadlineSeconds: {deadline}
      template:
        metadata:
          labels: {{app.kubernetes.io/name: newscrawl, app.kubernetes.io/instance: {name}}}
        spec:
          restartPolicy: Never
          # From SIGTERM on a run begins nothing more, and writes what is under way.
          terminationGracePeriodSeconds: {grace}
          automountServiceAccountToken: false
          enableServiceLinks: false
          securityContext:
            runAsNonRoot: true
            runAsUser: 10001
            runAsGroup: 10001
            fsGroup: 10001
            fsGroupChangePolicy: OnRootMismatch
            seccompProfile: {{type: RuntimeDefault}}
          containers:
            - name: newscrawl
              image: {image}
              command: {command}
              workingDir: {folder}
              env:
                - {{name: HOME, value: /tmp}}
              securityContext:
                allowPrivilegeEscalation: false
                readOnlyRootFilesystem: true
                capabilities: {{drop: [ALL]}}
              resources:
                requests: {{cpu: 250m, memory: 512Mi}}
                limits: {{memory: 2Gi}}
              volumeMounts:
                - {{name: data, mountPath: {data}}}
                - {{name: tmp, mountPath: /tmp}}
          volumes:
            - name: data
              # A disk of the cluster (ReadWriteOnce): SQLite's locks cannot be trusted on a network file system.
              persistentVolumeClaim: {{claimName: {claim}}}
            - name: tmp
              emptyDir: {{sizeLimit: 1Gi}}
"""


def kubernetes_files(plan: Plan, *, image: str, claim: str) -> Schedule:
    """Write a CronJob that keeps its state in a claim.

    Raises:
        UsageError: the image, the claim or the folder is none to Kubernetes.

    """
    if not IMAGE.fullmatch(image):
        raise UsageError(f"--image {image!r} is no name of an image")
    if not CLAIM.fullmatch(claim):
        raise UsageError(f"--claim {claim!r} is no name of a claim")
    if ":" in plan.folder:
        raise UsageError(f"--folder {plan.folder!r}: Kubernetes mounts nothing where a colon is")
    text = CRON_JOB.format(
        name=_text(plan.name),
        schedule=_text(cron_times(plan.every)),
        every=60 * plan.every,
        deadline=plan.max_time + GRACE,
        grace=GRACE,
        image=_text(image),
        command=json.dumps(plan.command),
        folder=_text(plan.folder),
        data=_text(f"{plan.folder.rstrip('/')}/data"),
        claim=_text(claim),
    )
    name = f"{plan.name}.yaml"
    return Schedule(
        files={name: text},
        install=lambda where: (
            f"kubectl apply -f {where}/{name}",
            f"kubectl create job {plan.name}-now --from=cronjob/{plan.name}   # once now",
        ),
    )


def _text(value: str) -> str:
    """Write a text as JSON does, which YAML reads as the same text, whatever is in it."""
    return json.dumps(value)
