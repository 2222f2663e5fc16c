using System.Runtime.InteropServices;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

/// <summary>Reading into another type gives the same values as libtorch's conversion.</summary>
public sealed class ValueConversionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    [Theory]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    public void Every_half_precision_value_is_widened_exactly(ScalarType stored)
    {
        // Every bit pattern, at every distance from the start of a vector.
        Tensor all = empty(1 << 16, stored);
        for (int i = 0; i < 1 << 16; i++) MemoryMarshal.Cast<byte, ushort>(all.bytes)[i] = (ushort)i;
        foreach (int skipped in new[] { 0, 1, 7 })
        {
            Tensor values = all.narrow(0, skipped, (1 << 16) - 2 * skipped);
            Assert.Equal(Bits(values.to(ScalarType.Float32)), Bits(Read(values, ScalarType.Float32)));
        }
    }

    /// <summary>By the definition of the formats: (-1)^s 2^(e - bias) (1 + m), with subnormals, and NaN as published.</summary>
    [Theory]
    [InlineData("F8_E4M3", 4, 3)]
    [InlineData("F8_E5M2", 5, 2)]
    public void Every_float8_value_is_widened_exactly(string name, int exponentBits, int mantissaBits)
    {
        WriteFloat8(name, [.. Enumerable.Range(0, 256).Select(code => (byte)code)]);
        using var file = SafetensorsFile.Open(_folder["f8"]);
        Assert.Equal(ScalarType.Float32, file.Find("x")!.DataType);
        float[] values = [.. file.Read("x").data<float>()];
        int bias = (1 << (exponentBits - 1)) - 1, highest = (1 << exponentBits) - 1;
        for (int code = 0; code < 256; code++)
        {
            int exponent = (code >> mantissaBits) & highest, mantissa = code & ((1 << mantissaBits) - 1);
            double fraction = mantissa / (double)(1 << mantissaBits);
            double size = exponent == 0 ? Math.Pow(2, 1 - bias) * fraction : Math.Pow(2, exponent - bias) * (1 + fraction);
            if (name == "F8_E4M3" && (code & 0x7f) == 0x7f) size = double.NaN;
            if (name == "F8_E5M2" && exponent == highest) size = mantissa == 0 ? double.PositiveInfinity : double.NaN;
            Assert.Equal(code < 128 ? size : -size, values[code]);
            if (!double.IsNaN(size)) Assert.Equal(code >= 128, float.IsNegative(values[code]));
        }
    }

    [Fact]
    public void Float8_is_read_into_every_type_and_view()
    {
        WriteFloat8("F8_E4M3", [0x38, 0xb8, 0x40, 0x7e]);
        using var file = SafetensorsFile.Open(_folder["f8"]);
        float[] expected = [1, -1, 2, 448];
        foreach (ScalarType type in new[] { ScalarType.Float32, ScalarType.Float16, ScalarType.BFloat16, ScalarType.Float64 })
        {
            Tensor values = zeros(4, type), column = zeros(4, 2, type);
            file.ReadInto("x", values);
            file.ReadInto("x", column.select(1, 1));
            Assert.Equal(expected, values.to(ScalarType.Float32).data<float>().ToArray());
            Assert.Equal(expected, column.select(1, 1).to(ScalarType.Float32).contiguous().data<float>().ToArray());
        }
    }

    [Theory]
    [InlineData(ScalarType.Float16, ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16, ScalarType.Float32)]
    [InlineData(ScalarType.Float32, ScalarType.Float32)]
    [InlineData(ScalarType.Float32, ScalarType.Float16)]
    [InlineData(ScalarType.Float64, ScalarType.Float32)]
    [InlineData(ScalarType.Int64, ScalarType.Int32)]
    [InlineData(ScalarType.Bool, ScalarType.Bool)]
    [InlineData(ScalarType.Bool, ScalarType.Float32)]
    public void Tensors_of_many_pieces_arrive_whole(ScalarType stored, ScalarType type)
    {
        Tensor values = arange(1_300_003, ScalarType.Int64).mul(7919).remainder(251).sub(125).to(stored);
        Assert.True(Read(values, type).equal(values.to(type)).all().item<bool>());
    }

    [Fact]
    public void Only_the_view_is_filled()
    {
        Tensor values = arange(12, ScalarType.Float32).view(3, 4).to(ScalarType.Float16), around = full(6, 6, -1f);
        SafetensorsWriter.Write(_folder["a"], [("x", values)]);
        using var file = SafetensorsFile.Open(_folder["a"]);
        file.ReadInto("x", around.narrow(0, 1, 3).narrow(1, 2, 4));
        Assert.Equal(66, around.sum().add(24).item<float>());
        Assert.Equal([-1f, -1, 4, 5, 6, 7], around[2].data<float>().ToArray());
    }

    [Fact]
    public void A_file_shortened_while_reading_is_noticed()
    {
        SafetensorsWriter.Write(_folder["a"], [("x", zeros(3_000_000))]);
        using var file = SafetensorsFile.Open(_folder["a"]);
        using (var stream = new FileStream(_folder["a"], FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) stream.SetLength(1000);
        Assert.Contains("shortened", Assert.Throws<CheckpointException>(() => file.Read("x")).Message);
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private void WriteFloat8(string name, byte[] codes)
    {
        string entry = $$"""{"dtype":"{{name}}","shape":[{{codes.Length}}],"data_offsets":[0,{{codes.Length}}]}""";
        byte[] header = System.Text.Encoding.UTF8.GetBytes($$"""{"x":{{entry}}}""");
        File.WriteAllBytes(_folder["f8"], [.. BitConverter.GetBytes((long)header.Length), .. header, .. codes]);
    }

    private Tensor Read(Tensor values, ScalarType type)
    {
        SafetensorsWriter.Write(_folder["a"], [("x", values)]);
        using var file = SafetensorsFile.Open(_folder["a"]);
        Tensor read = empty(values.shape, type);
        file.ReadInto("x", read);
        return read;
    }

    /// <summary>The bits, with all NaNs mapped to one: the result for a signalling NaN depends on the processor.</summary>
    private static uint[] Bits(Tensor values) =>
    [
        .. MemoryMarshal.Cast<float, uint>(values.data<float>().ToArray()).ToArray()
            .Select(b => (b & 0x7fffffff) > 0x7f800000 ? uint.MaxValue : b),
    ];
}
