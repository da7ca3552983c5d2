package io.statebridge.endtoend;

import io.statebridge.api.ContainerId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

final class RealContainerRuntimeIT extends ContainerRuntimeContract {

  RealContainerRuntimeIT() {
    super(new RealNode(new RealContainerd(false, true)));
  }

  private record RealNode(RealContainerd containerd) implements ContainerdNode {

    @Override
    public Path socket() {
      return containerd.socket();
    }

    @Override
    public String namespace(String word) {
      return containerd.namespace(word);
    }

    @Override
    public void create(ContainerId id, Map<String, String> labels) {
      containerd.ctr().create(id, labels);
    }

    @Override
    public void deleteContainer(ContainerId id) {
      containerd.ctr().deleteContainer(id);
    }

    @Override
    public void createTask(ContainerId id) {
      containerd.client().createTask(id);
    }

    @Override
    public void startTask(ContainerId id) {
      containerd.client().startTask(id);
    }

    @Override
    public void exit(ContainerId id, int code) {
      containerd.ctr().tell(id, code);
    }

    @Override
    public void exec(ContainerId id, String execId, int code) {
      containerd.ctr().exec(id, execId, "exit " + code);
    }

    @Override
    public void pause(ContainerId id) {
      containerd.ctr().pause(id);
    }

    @Override
    public void resume(ContainerId id) {
      containerd.ctr().resume(id);
    }

    @Override
    public boolean hasSandboxers() {
      return containerd.sandboxer().isPresent();
    }

    @Override
    public void createSandbox(ContainerId id, String criMetadata) {
      containerd.client().createSandbox(id, "shim", criMetadata);
    }

    @Override
    public void runSandbox(ContainerId id) {
      containerd.client().createSandbox(id, TrialSandboxer.NAME, "{}");
      containerd.client().startSandbox(id, TrialSandboxer.NAME);
    }

    @Override
    public void endSandbox(ContainerId id, int code) {
      containerd.sandboxer().orElseThrow().end(id.id(), code);
    }

    @Override
    public void deleteSandbox(ContainerId id) {
      containerd.client().deleteSandbox(id);
    }

    @Override
    public void stop() {
      containerd.stop();
    }

    @Override
    public void startAgain() {
      containerd.start();
    }

    @Override
    public void close() throws IOException {
      containerd.close();
    }
  }
}
