package io.statebridge.daemon.cli;

import io.statebridge.daemon.ops.UnixAddress;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads {@link UnixAddress addresses}. */
final class UnixAddressConverter implements ITypeConverter<Path> {

  @Override
  public Path convert(String address) {
    try {
      return UnixAddress.path(address);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(String.valueOf(e.getMessage()));
    }
  }
}
