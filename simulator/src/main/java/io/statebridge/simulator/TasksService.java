package io.statebridge.simulator;

import com.google.protobuf.Empty;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.statebridge.proto.containerd.tasks.v1.CreateTaskRequest;
import io.statebridge.proto.containerd.tasks.v1.CreateTaskResponse;
import io.statebridge.proto.containerd.tasks.v1.DeleteResponse;
import io.statebridge.proto.containerd.tasks.v1.DeleteTaskRequest;
import io.statebridge.proto.containerd.tasks.v1.GetRequest;
import io.statebridge.proto.containerd.tasks.v1.GetResponse;
import io.statebridge.proto.containerd.tasks.v1.KillRequest;
import io.statebridge.proto.containerd.tasks.v1.ListTasksRequest;
import io.statebridge.proto.containerd.tasks.v1.ListTasksResponse;
import io.statebridge.proto.containerd.tasks.v1.MetricsRequest;
import io.statebridge.proto.containerd.tasks.v1.MetricsResponse;
import io.statebridge.proto.containerd.tasks.v1.PauseTaskRequest;
import io.statebridge.proto.containerd.tasks.v1.ResumeTaskRequest;
import io.statebridge.proto.containerd.tasks.v1.StartRequest;
import io.statebridge.proto.containerd.tasks.v1.StartResponse;
import io.statebridge.proto.containerd.tasks.v1.TasksGrpc;
import io.statebridge.proto.containerd.tasks.v1.WaitRequest;
import io.statebridge.proto.containerd.tasks.v1.WaitResponse;
import io.statebridge.proto.containerd.types.Metric;
import io.statebridge.proto.containerd.types.Process;
import java.time.Instant;

/** containerd's tasks. Execs are not kept: they exist only in events. */
final class TasksService extends TasksGrpc.TasksImplBase {

  private static final int SIGNAL_BASE = 128;

  private final Calls calls;
  private final Node node;
  private final Usage usage;

  TasksService(Calls calls, Node node, Usage usage) {
    this.calls = calls;
    this.node = node;
    this.usage = usage;
  }

  @Override
  public void create(CreateTaskRequest request, StreamObserver<CreateTaskResponse> observer) {
    calls.answer(
        "Tasks/Create",
        request.getContainerId(),
        observer,
        key -> {
          requireContainer(key);
          if (node.task(key).isPresent()) {
            throw Status.ALREADY_EXISTS
                .withDescription("task " + key.id() + ": already exists")
                .asRuntimeException();
          }
          return CreateTaskResponse.newBuilder()
              .setContainerId(key.id())
              .setPid(node.createTask(key).pid())
              .build();
        });
  }

  @Override
  public void start(StartRequest request, StreamObserver<StartResponse> observer) {
    calls.answer(
        "Tasks/Start",
        request.getContainerId(),
        observer,
        key -> {
          existing(key);
          return StartResponse.newBuilder().setPid(node.startTask(key).pid()).build();
        });
  }

  @Override
  public void get(GetRequest request, StreamObserver<GetResponse> observer) {
    calls.answer(
        "Tasks/Get",
        request.getContainerId(),
        observer,
        key -> GetResponse.newBuilder().setProcess(existing(key).toProcess()).build());
  }

  @Override
  public void list(ListTasksRequest request, StreamObserver<ListTasksResponse> observer) {
    calls.answer(
        "Tasks/List",
        observer,
        namespace ->
            ListTasksResponse.newBuilder()
                .addAllTasks(node.tasks(namespace).stream().map(this::listed).toList())
                .build());
  }

  /** A shim that does not answer is not waited for. */
  private Process listed(SimulatedTask task) {
    return calls.isShimStopped(task.key())
        ? task.toProcess().toBuilder()
            .setStatus(io.statebridge.proto.containerd.types.Status.UNKNOWN)
            .build()
        : task.toProcess();
  }

  @Override
  public void delete(DeleteTaskRequest request, StreamObserver<DeleteResponse> observer) {
    calls.answer("Tasks/Delete", request.getContainerId(), observer, this::delete);
  }

  private DeleteResponse delete(Key key) {
    SimulatedTask task = existing(key);
    switch (task.status()) {
      case RUNNING, PAUSING -> throw running("cannot delete a running process");
      case PAUSED -> throw running("cannot delete a paused process");
      // A created task is destroyed, started or not.
      case CREATED, STOPPED, UNKNOWN, UNRECOGNIZED -> node.removeTask(task);
    }
    return DeleteResponse.newBuilder()
        .setPid(task.pid())
        .setExitStatus(task.exitStatus())
        .setExitedAt(Timestamps.of(task.exitedAt()))
        .build();
  }

  private static StatusRuntimeException running(String what) {
    return Status.UNKNOWN
        .withDescription("failed to delete task: " + what + ": unknown")
        .asRuntimeException();
  }

  @Override
  public void kill(KillRequest request, StreamObserver<Empty> observer) {
    calls.answer(
        "Tasks/Kill",
        request.getContainerId(),
        observer,
        key -> {
          if (existing(key).hasEnded()) {
            throw Status.NOT_FOUND
                .withDescription("process already finished: not found")
                .asRuntimeException();
          }
          node.exit(key, SIGNAL_BASE + request.getSignal(), true);
          return Empty.getDefaultInstance();
        });
  }

  @Override
  public void pause(PauseTaskRequest request, StreamObserver<Empty> observer) {
    setPaused("Tasks/Pause", request.getContainerId(), observer, true);
  }

  @Override
  public void resume(ResumeTaskRequest request, StreamObserver<Empty> observer) {
    setPaused("Tasks/Resume", request.getContainerId(), observer, false);
  }

  private void setPaused(String call, String id, StreamObserver<Empty> observer, boolean paused) {
    calls.answer(
        call,
        id,
        observer,
        key -> {
          existing(key);
          node.setPaused(key, paused);
          return Empty.getDefaultInstance();
        });
  }

  /** Filters name ids: others are not understood here. */
  @Override
  public void metrics(MetricsRequest request, StreamObserver<MetricsResponse> observer) {
    calls.answer(
        "Tasks/Metrics",
        observer,
        namespace -> {
          MetricsResponse.Builder response = MetricsResponse.newBuilder();
          node.tasks(namespace).stream()
              .filter(task -> !task.hasEnded() && isAskedFor(request, task.key().id()))
              .forEach(task -> response.addMetrics(metric(task)));
          return response.build();
        });
  }

  private static boolean isAskedFor(MetricsRequest request, String id) {
    return request.getFiltersCount() == 0
        || request.getFiltersList().contains("id==\"" + id + "\"");
  }

  private Metric metric(SimulatedTask task) {
    return Metric.newBuilder()
        .setTimestamp(Timestamps.of(Instant.now()))
        .setId(task.key().id())
        .setData(usage.ofTask(task.key()))
        .build();
  }

  @Override
  public void wait(WaitRequest request, StreamObserver<WaitResponse> observer) {
    ServerCallStreamObserver<WaitResponse> stream =
        (ServerCallStreamObserver<WaitResponse>) observer;
    // Without a handler, answering a caller that has left would throw.
    stream.setOnCancelHandler(() -> {});
    calls.about(
        "Tasks/Wait",
        request.getContainerId(),
        stream,
        key -> {
          if (!node.whenEnded(key, waiter(stream))) {
            stream.onError(noTask(key));
          }
        });
  }

  private static Node.Waiter waiter(StreamObserver<WaitResponse> stream) {
    return new Node.Waiter() {
      @Override
      public void ended(SimulatedTask task) {
        stream.onNext(
            WaitResponse.newBuilder()
                .setExitStatus(task.exitStatus())
                .setExitedAt(Timestamps.of(task.exitedAt()))
                .build());
        stream.onCompleted();
      }

      @Override
      public void lost() {
        stream.onError(
            Status.UNKNOWN.withDescription("ttrpc: closed: unknown").asRuntimeException());
      }
    };
  }

  private void requireContainer(Key key) {
    if (node.container(key).isEmpty()) {
      throw ContainersService.notFound(key);
    }
  }

  private SimulatedTask existing(Key key) {
    requireContainer(key);
    return node.task(key).orElseThrow(() -> noTask(key));
  }

  private static StatusRuntimeException noTask(Key key) {
    return Status.NOT_FOUND
        .withDescription("task " + key.id() + " not found: not found")
        .asRuntimeException();
  }
}
