"""Plugin of pytest: the fixture ``pod_cluster``, a Kubernetes cluster in one process for tests of operators and clients.

The cluster is the program ``fake-node serve``: an API server in memory and nodes without machines, with a clock that
stands still until :meth:`PodCluster.advance` moves it.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, List, Optional

import pytest

if TYPE_CHECKING:
    import kubernetes.client

#: Seconds until the cluster has to be ready.
READY_WITHIN = 30.0


class PodCluster:
    """A cluster whose clock a test moves."""

    def __init__(self, folder: Path, program: str, nodes: int = 1, arguments: Optional[List[str]] = None) -> None:
        """Starts the cluster; its files are in the folder."""
        self.kubeconfig = folder / "kubeconfig"
        ready = folder / "ready"
        log = folder / "fake-node.log"
        command = [program, "serve", "--paused", "--nodes", str(nodes), "--kubeconfig-out", str(self.kubeconfig)]
        command += ["--ready-file", str(ready), "--metrics-address", "0", *(arguments or [])]
        with log.open("wb") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        # A cluster that does not become ready is not left behind.
        try:
            self.server: str = self._wait(ready, log)["server"]
        except BaseException:
            self.stop()
            raise

    def _wait(self, ready: Path, log: Path) -> Any:
        end = time.monotonic() + READY_WITHIN
        while not ready.exists():
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"fake-node serve is not ready:\n{log.read_text(errors='replace')}")
            time.sleep(0.01)
        return json.loads(ready.read_text())

    def advance(self, seconds: float) -> None:
        """Moves the clock, and returns when the nodes have done what is due until then.

        Other processes and threads may not have reacted yet: see :meth:`wait_for`.
        """
        request = urllib.request.Request(f"{self.server}/clock/advance?seconds={seconds:g}", method="POST")
        try:
            urllib.request.urlopen(request, timeout=60).close()
        except urllib.error.HTTPError as error:
            raise ValueError(f"advance({seconds!r}): {error.read().decode(errors='replace')}") from None

    def wait_for(self, condition: Any, *, timeout: float = 30.0, advancing: float = 0.0) -> Any:
        """Calls ``condition`` until its result is true, and returns the result.

        Between two calls the clock moves by ``advancing`` seconds. ``timeout`` is in real seconds.
        """
        end = time.monotonic() + timeout
        while True:
            result = condition()
            if result:
                return result
            if time.monotonic() > end:
                raise TimeoutError(f"{condition!r} was not true within {timeout:g} s")
            if advancing:
                self.advance(advancing)
            time.sleep(0.01)

    def client(self) -> "kubernetes.client.CoreV1Api":
        """Returns a client of the package ``kubernetes``."""
        import kubernetes.client

        # A part of the package that has no types.
        config: Any = importlib.import_module("kubernetes.config")
        return kubernetes.client.CoreV1Api(config.new_client_from_config(str(self.kubeconfig)))

    def stop(self) -> None:
        """Stops the cluster."""
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _program() -> str:
    named = os.environ.get("FAKE_NODE")
    found = shutil.which(named or "fake-node")
    if found is None:
        where = f"FAKE_NODE names {named!r}, which is no program" if named else "it is not on the PATH"
        pytest.fail(
            f"the fixture pod_cluster needs the program fake-node, and {where}: "
            "`cargo install pod-lifecycle-fake-node`, or set FAKE_NODE",
            pytrace=False,
        )
    return found


@pytest.fixture
def pod_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PodCluster]:
    """A Kubernetes cluster for one test, in ``KUBECONFIG``, with a clock that ``advance`` moves."""
    folder = tmp_path / "pod-cluster"
    folder.mkdir()
    cluster = PodCluster(folder, _program())
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    # The package kubernetes looks at the environment only when it is imported.
    if "kubernetes.config.kube_config" in sys.modules:
        config = sys.modules["kubernetes.config.kube_config"]
        monkeypatch.setattr(config, "KUBE_CONFIG_DEFAULT_LOCATION", str(cluster.kubeconfig))
    try:
        yield cluster
    finally:
        cluster.stop()
