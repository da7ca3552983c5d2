package io.statebridge.endtoend;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import io.statebridge.api.ContainerId;
import io.statebridge.proto.containerd.events.ContainerDelete;
import io.statebridge.proto.containerd.events.TaskDelete;
import io.statebridge.proto.containerd.events.TaskExit;
import io.statebridge.proto.containerd.events.TaskOOM;
import io.statebridge.proto.containerd.events.TaskStart;

/** Events that a test publishes in the name of a shim or of containerd. */
record PublishedEvents(ContainerdClient containerd) {

  void oom(ContainerId id) {
    publish(id, "/tasks/oom", TaskOOM.newBuilder().setContainerId(id.id()).build());
  }

  void start(ContainerId id, int pid) {
    publish(id, "/tasks/start", TaskStart.newBuilder().setContainerId(id.id()).setPid(pid).build());
  }

  /** Of its init process. */
  void exit(ContainerId id, int pid, int code, Timestamp at) {
    publish(
        id,
        "/tasks/exit",
        TaskExit.newBuilder()
            .setContainerId(id.id())
            .setId(id.id())
            .setPid(pid)
            .setExitStatus(code)
            .setExitedAt(at)
            .build());
  }

  void deleteTask(ContainerId id, int pid, int code, Timestamp at) {
    publish(
        id,
        "/tasks/delete",
        TaskDelete.newBuilder()
            .setContainerId(id.id())
            .setPid(pid)
            .setExitStatus(code)
            .setExitedAt(at)
            .build());
  }

  void deleteContainer(ContainerId id) {
    publish(id, "/containers/delete", ContainerDelete.newBuilder().setId(id.id()).build());
  }

  private void publish(ContainerId id, String topic, Message event) {
    containerd.publish(
        id.namespace(),
        topic,
        Any.newBuilder()
            .setTypeUrl(event.getDescriptorForType().getFullName())
            .setValue(event.toByteString())
            .build());
  }
}
