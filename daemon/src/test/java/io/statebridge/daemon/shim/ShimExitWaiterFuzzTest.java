package io.statebridge.daemon.shim;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.protobuf.ByteString;
import io.statebridge.api.ContainerId;
import io.statebridge.api.ExitWaiter.Wait;
import io.statebridge.api.RuntimeFailure;
import io.statebridge.proto.containerd.shim.StateResponse;
import io.statebridge.proto.containerd.ttrpc.Response;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever a shim sends, the wait ends with an exit or the failure that it documents, at the latest
 * with the connection. The first byte chooses whether the others come instead of the answer to
 * State, instead of that to Wait, or as the payload of that.
 */
final class ShimExitWaiterFuzzTest {
  private static final ContainerId ID = new ContainerId("default", "web");
  private static final int STATE_STREAM = 1;
  private static final int WAIT_STREAM = 3;
  private static final ByteString STATE =
      StateResponse.newBuilder().setId(ID.id()).setPid(7).build().toByteString();

  @TempDir private static Path bundle;

  private static int count;
  private static final ShimExitWaiter waiter = new ShimExitWaiter();

  @FuzzTest
  void aWaitEndsWhateverTheShimSends(byte[] input) throws Exception {
    if (input.length == 0) {
      return;
    }
    ByteBuffer bytes = ByteBuffer.wrap(Arrays.copyOfRange(input, 1, input.length));
    // Of a name of its own: nobody must join the connection of the one before.
    Path socket = bundle.resolve("s" + count++);
    Files.writeString(bundle.resolve("address"), "unix://" + socket);
    try (ServerSocketChannel shim = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      shim.bind(UnixDomainSocketAddress.of(socket));
      Wait wait = waiter.open(ID, 7, bundle.toString());
      try (SocketChannel connection = shim.accept()) {
        if (input[0] % 3 != 0) {
          connection.write(frame(STATE_STREAM, STATE));
        }
        ByteBuffer last =
            input[0] % 3 == 1 ? frame(WAIT_STREAM, ByteString.copyFrom(bytes)) : bytes;
        awaitRequest(connection, input[0] % 3 == 0 ? 1 : 2);
        connection.write(last);
      }
      assertEnds(wait);
    }
    Files.delete(socket);
  }

  private static ByteBuffer frame(int stream, ByteString payload) {
    byte[] response = Response.newBuilder().setPayload(payload).build().toByteArray();
    return ByteBuffer.allocate(10 + response.length)
        .putInt(response.length)
        .putInt(stream)
        .put((byte) 2)
        .put((byte) 0)
        .put(response)
        .flip();
  }

  /** Takes so many requests from the connection, of which none is answered before it came. */
  private static void awaitRequest(SocketChannel connection, int count) throws IOException {
    ByteBuffer header = ByteBuffer.allocate(10);
    for (int i = 0; i < count; i++) {
      fill(connection, header.clear());
      fill(connection, ByteBuffer.allocate(header.getInt(0)));
    }
  }

  private static void fill(SocketChannel connection, ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining() && connection.read(buffer) >= 0) {
      // Until it is full.
    }
  }

  private static void assertEnds(Wait wait) throws Exception {
    try {
      wait.exit().toCompletableFuture().get(20, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (!(e.getCause() instanceof RuntimeFailure)) {
        throw e;
      }
    } catch (TimeoutException e) {
      throw new AssertionError("a wait that outlives its connection", e);
    }
  }
}
