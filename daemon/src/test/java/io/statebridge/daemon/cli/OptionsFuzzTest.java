package io.statebridge.daemon.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import picocli.CommandLine.TypeConversionException;

/**
 * Any text is a value of an option, or one line says what is wrong with it. The first byte chooses
 * the option's type.
 */
final class OptionsFuzzTest {
  private interface Converter {
    Object convert(String text) throws Exception;
  }

  private static final List<Converter> CONVERTERS =
      List.of(
          new TimeoutConverter()::convert,
          new UnixAddressConverter()::convert,
          new Label.Converter()::convert,
          new ResumePoint.Converter()::convert);

  @FuzzTest
  void anyValueIsReadOrRefused(byte[] input) throws Exception {
    if (input.length == 0) {
      return;
    }
    String text = new String(input, 1, input.length - 1, StandardCharsets.UTF_8);
    Converter converter = CONVERTERS.get(Byte.toUnsignedInt(input[0]) % CONVERTERS.size());

    try {
      assertThat(converter.convert(text)).isNotNull();
    } catch (TypeConversionException e) {
      assertThat(e.getMessage()).isNotEmpty();
    }
  }
}
