package io.statebridge.daemon.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A label that containers must have: {@code key=value}, split at the first equals sign. */
record Label(String key, String value) {

  static final class Converter implements ITypeConverter<Label> {
    @Override
    public Label convert(String text) {
      int equals = text.indexOf('=');
      if (equals < 1) {
        throw new TypeConversionException("'" + text + "' is not of the form KEY=VALUE");
      }
      return new Label(text.substring(0, equals), text.substring(equals + 1));
    }
  }
}
