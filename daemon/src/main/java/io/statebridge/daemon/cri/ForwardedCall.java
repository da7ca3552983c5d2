package io.statebridge.daemon.cri;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.statebridge.api.ContainerId;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One call that is passed through, message by message and as bytes, both ways. Each side is asked
 * for its next message when the other has room for it. Deadline and cancellation cross by gRPC's
 * context, headers, status and trailers as they are.
 *
 * <p>Before the caller is told the end, the records that the call touched are brought up to date,
 * so that what the caller reads next shows what its call did; that also holds for a call that
 * failed, which may have done half of it.
 */
final class ForwardedCall {

  private static final Logger log = LoggerFactory.getLogger(ForwardedCall.class);

  /**
   * How long the end of a call waits for the records. They need two calls to containerd, a few
   * milliseconds; longer only if it is in trouble, and then a late answer helps nobody.
   */
  static final Duration SETTLE_TIMEOUT = Duration.ofSeconds(3);

  private final ServerCall<byte[], byte[]> caller;
  private final @Nullable CriEffects effects;
  private final Settler settler;
  private final String socket;
  private final Set<ContainerId> touched = ConcurrentHashMap.newKeySet();

  /** Whether a side waits for room at the other before it is asked for more. */
  private final AtomicBoolean callerWaits = new AtomicBoolean();

  private final AtomicBoolean pluginWaits = new AtomicBoolean();

  /**
   * @param effects which records the call touches; null when it touches none
   * @param socket of containerd, for messages
   */
  ForwardedCall(
      ServerCall<byte[], byte[]> caller,
      @Nullable CriEffects effects,
      Settler settler,
      String socket) {
    this.caller = caller;
    this.effects = effects;
    this.settler = settler;
    this.socket = socket;
  }

  ServerCall.Listener<byte[]> start(Channel containerd, Metadata headers) {
    ClientCall<byte[], byte[]> plugin =
        containerd.newCall(caller.getMethodDescriptor(), CallOptions.DEFAULT);
    plugin.start(new FromPlugin(plugin), headers);
    plugin.request(1);
    caller.request(1);
    return new FromCaller(plugin);
  }

  private void note(byte[] message) {
    if (effects != null) {
      touched.addAll(effects.of(message));
    }
  }

  private final class FromCaller extends ServerCall.Listener<byte[]> {
    private final ClientCall<byte[], byte[]> plugin;

    FromCaller(ClientCall<byte[], byte[]> plugin) {
      this.plugin = plugin;
    }

    @Override
    public void onMessage(byte[] message) {
      note(message);
      plugin.sendMessage(message);
      callerWaits.set(true);
      askCaller(plugin);
    }

    @Override
    public void onHalfClose() {
      plugin.halfClose();
    }

    @Override
    public void onCancel() {
      plugin.cancel("the caller gave up", null);
    }

    @Override
    public void onReady() {
      askPlugin(plugin);
    }
  }

  private final class FromPlugin extends ClientCall.Listener<byte[]> {
    private final ClientCall<byte[], byte[]> plugin;

    FromPlugin(ClientCall<byte[], byte[]> plugin) {
      this.plugin = plugin;
    }

    @Override
    public void onHeaders(Metadata headers) {
      caller.sendHeaders(headers);
    }

    @Override
    public void onMessage(byte[] message) {
      note(message);
      caller.sendMessage(message);
      pluginWaits.set(true);
      askPlugin(plugin);
    }

    @Override
    public void onReady() {
      askCaller(plugin);
    }

    @Override
    public void onClose(Status ofPlugin, Metadata trailers) {
      Status status = Unreachable.named(ofPlugin, socket);
      if (touched.isEmpty()) {
        caller.close(status, trailers);
        return;
      }
      settler
          .settle(Set.copyOf(touched))
          .toCompletableFuture()
          .orTimeout(SETTLE_TIMEOUT.toNanos(), TimeUnit.NANOSECONDS)
          .whenComplete(
              (ok, failure) -> {
                if (failure != null) {
                  log.warn(
                      "{}: answering although the records of {} may lag behind: {}",
                      caller.getMethodDescriptor().getFullMethodName(),
                      touched,
                      failure.toString());
                }
                caller.close(status, trailers);
              });
    }
  }

  private void askCaller(ClientCall<byte[], byte[]> plugin) {
    if (plugin.isReady() && callerWaits.compareAndSet(true, false)) {
      caller.request(1);
    }
  }

  private void askPlugin(ClientCall<byte[], byte[]> plugin) {
    if (caller.isReady() && pluginWaits.compareAndSet(true, false)) {
      plugin.request(1);
    }
  }
}
