package io.statebridge.simulator;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.grpc.Status;
import io.statebridge.proto.containerd.shim.StateRequest;
import io.statebridge.proto.containerd.shim.StateResponse;
import io.statebridge.proto.containerd.shim.WaitResponse;
import io.statebridge.proto.containerd.ttrpc.Request;
import io.statebridge.proto.containerd.ttrpc.Response;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The shims of the node: a process each in real life, here a socket each. A task's bundle says
 * where its shim listens; the containers of a pod share one. They work while containerd is down,
 * and go with the last of their tasks. Calls are counted, and go wrong, under names such as
 * Shim/Wait. Thread-safe.
 */
public final class Shims {

  private static final String SERVICE = "containerd.task.v2.Task";

  /** What is no ttrpc: the header of a frame that is larger than any may be. */
  private static final byte[] GARBAGE = {-1, -1, -1, -1, 0, 0, 0, 1, 2, 0};

  private final Path directory;
  private final Node node;
  private final Calls calls;

  // Guarded by this.
  private final Map<Key, Shim> ofTask = new HashMap<>();
  private final Map<Key, Shim> ofPod = new HashMap<>();
  private int started;

  /**
   * @param directory of bundles and sockets
   */
  Shims(Path directory, Node node, Calls calls) {
    this.directory = directory;
    this.node = node;
    this.calls = calls;
  }

  private static final class Shim {
    final Key pod;
    final Path socket;
    final TtrpcServer.Handler handler;
    final Set<Key> tasks = new HashSet<>();
    @Nullable TtrpcServer server;

    Shim(Key pod, Path socket, TtrpcServer.Handler handler) {
      this.pod = pod;
      this.socket = socket;
      this.handler = handler;
    }

    void listen() {
      try {
        server = new TtrpcServer(socket, handler);
      } catch (IOException e) {
        throw new UncheckedIOException("a shim cannot listen on " + socket, e);
      }
    }

    void close() {
      if (server != null) {
        server.close();
        server = null;
      }
    }
  }

  /** Every connection to the task's shim is lost; it goes on. */
  public void drop(String namespace, String id) {
    serverOf(namespace, id).drop();
  }

  /** Whoever is connected to the task's shim gets what is no ttrpc. */
  public void garble(String namespace, String id) {
    serverOf(namespace, id).garble(GARBAGE);
  }

  /** Nobody can connect to the task's shim any more, or everybody again. */
  public synchronized void refuse(String namespace, String id, boolean refuse) {
    Shim shim = existing(new Key(namespace, id));
    shim.close();
    if (!refuse) {
      shim.listen();
    }
  }

  /** How many connections to the task's shim are open. */
  public int connections(String namespace, String id) {
    return serverOf(namespace, id).connections();
  }

  private synchronized TtrpcServer serverOf(String namespace, String id) {
    TtrpcServer server = existing(new Key(namespace, id)).server;
    if (server == null) {
      throw new IllegalStateException("the shim of " + id + " refuses connections");
    }
    return server;
  }

  private Shim existing(Key task) {
    Shim shim = ofTask.get(task);
    if (shim == null) {
      throw new NoSuchElementException("no shim of " + task);
    }
    return shim;
  }

  /** A task comes to its pod's shim; returns its bundle. */
  synchronized Path start(Key task, Key pod) {
    Shim shim = ofPod.get(pod);
    try {
      if (shim == null) {
        Path socket = Files.createDirectories(sockets()).resolve("" + ++started);
        shim = new Shim(pod, socket, (request, reply) -> handle(pod, request, reply));
        shim.listen();
        ofPod.put(pod, shim);
      }
      Path bundle = Files.createDirectories(bundle(task));
      Files.writeString(bundle.resolve("address"), "unix://" + shim.socket);
      shim.tasks.add(task);
      ofTask.put(task, shim);
      return bundle;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot make the bundle of " + task, e);
    }
  }

  private Path bundles() {
    return directory.resolve("io.containerd.runtime.v2.task");
  }

  private Path sockets() {
    return directory.resolve("s");
  }

  private Path bundle(Key task) {
    return bundles().resolve(task.namespace()).resolve(task.id());
  }

  /** The task was deleted, or its shim died. */
  synchronized void removeTask(Key task) {
    Shim shim = ofTask.remove(task);
    if (shim == null) {
      return;
    }
    try {
      Files.deleteIfExists(bundle(task).resolve("address"));
      Files.deleteIfExists(bundle(task));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot remove the bundle of " + task, e);
    }
    shim.tasks.remove(task);
    if (shim.tasks.isEmpty()) {
      ofPod.remove(shim.pod);
      shim.close();
    }
  }

  /** Whose tasks share a shim with this one, itself included. */
  synchronized Set<Key> tasksBeside(Key task) {
    return Set.copyOf(existing(task).tasks);
  }

  /** The node goes, and leaves no files. */
  synchronized void close() {
    Set.copyOf(ofTask.keySet()).forEach(this::removeTask);
    try {
      Files.deleteIfExists(sockets());
      if (Files.exists(bundles())) {
        try (DirectoryStream<Path> namespaces = Files.newDirectoryStream(bundles())) {
          for (Path namespace : namespaces) {
            Files.delete(namespace);
          }
        }
        Files.delete(bundles());
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot remove what shims left", e);
    }
  }

  private void handle(Key pod, Request request, Consumer<Response> reply) {
    String id;
    try {
      // All requests have the id in the same place.
      id = StateRequest.parseFrom(request.getPayload()).getId();
    } catch (InvalidProtocolBufferException e) {
      reply.accept(failure(Status.INVALID_ARGUMENT.withDescription(e.getMessage())));
      return;
    }
    Key key = new Key(pod.namespace(), id);
    calls.atShim(
        request.getMethod(),
        key,
        status -> reply.accept(failure(status)),
        () -> answer(request, key, reply));
  }

  private void answer(Request request, Key key, Consumer<Response> reply) {
    String asked = request.getService() + "/" + request.getMethod();
    switch (asked) {
      case SERVICE + "/State" ->
          reply.accept(
              node.task(key).map(task -> success(stateOf(task))).orElseGet(() -> notFound(key)));
      case SERVICE + "/Wait" -> {
        if (!node.whenEnded(key, waiter(reply))) {
          reply.accept(notFound(key));
        }
      }
      default -> reply.accept(failure(Status.UNIMPLEMENTED.withDescription(asked)));
    }
  }

  private static Node.Waiter waiter(Consumer<Response> reply) {
    return new Node.Waiter() {
      @Override
      public void ended(SimulatedTask task) {
        reply.accept(
            success(
                WaitResponse.newBuilder()
                    .setExitStatus(task.exitStatus())
                    .setExitedAt(Timestamps.of(task.exitedAt()))
                    .build()));
      }

      @Override
      public void lost() {
        // So is the connection.
      }
    };
  }

  private static StateResponse stateOf(SimulatedTask task) {
    return StateResponse.newBuilder()
        .setId(task.key().id())
        .setPid(task.pid())
        .setStatus(task.status())
        .setExitStatus(task.exitStatus())
        .setExitedAt(Timestamps.of(task.exitedAt()))
        .build();
  }

  private static Response success(Message answer) {
    return Response.newBuilder().setPayload(answer.toByteString()).build();
  }

  private static Response notFound(Key key) {
    return failure(Status.NOT_FOUND.withDescription(key.id() + ": not found"));
  }

  private static Response failure(Status status) {
    String message = status.getDescription();
    return Response.newBuilder()
        .setStatus(
            io.statebridge.proto.containerd.ttrpc.Status.newBuilder()
                .setCode(status.getCode().value())
                .setMessage(message == null ? "" : message))
        .build();
  }
}
