package io.statebridge.daemon.rpc;

import io.grpc.HandlerRegistry;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Services that are served and that reflection does not offer. The CRI is one: its messages here
 * have only those fields that we read or write, and a client that learned them by reflection could
 * not say the rest. Its definition is Kubernetes', and containerd has no reflection either.
 */
final class UnlistedServices extends HandlerRegistry {

  private final Map<String, ServerMethodDefinition<?, ?>> methods;
  private final HandlerRegistry others;

  /**
   * @param others is asked for methods that the services do not have
   */
  UnlistedServices(List<ServerServiceDefinition> services, HandlerRegistry others) {
    this.methods =
        services.stream()
            .flatMap(service -> service.getMethods().stream())
            .collect(
                Collectors.toUnmodifiableMap(
                    method -> method.getMethodDescriptor().getFullMethodName(),
                    Function.identity()));
    this.others = others;
  }

  @Override
  public @Nullable ServerMethodDefinition<?, ?> lookupMethod(
      String fullName, @Nullable String authority) {
    ServerMethodDefinition<?, ?> served = methods.get(fullName);
    return served == null ? others.lookupMethod(fullName, authority) : served;
  }
}
