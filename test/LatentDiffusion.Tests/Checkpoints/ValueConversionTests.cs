using System.Runtime.InteropServices;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests;

/// <summary>Reading into another type: libtorch's own conversion of the same values is what it is held against.</summary>
public sealed class ValueConversionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    [Theory]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    public void EveryHalfPrecisionValueIsWidenedExactly(ScalarType stored)
    {
        // Every pattern there is, at every distance from the start of a vector.
        Tensor all = empty(1 << 16, stored);
        for (int i = 0; i < 1 << 16; i++) MemoryMarshal.Cast<byte, ushort>(all.bytes)[i] = (ushort)i;
        foreach (int skipped in new[] { 0, 1, 7 })
        {
            Tensor values = all.narrow(0, skipped, (1 << 16) - 2 * skipped);
            Assert.Equal(Bits(values.to(ScalarType.Float32)), Bits(Read(values, ScalarType.Float32)));
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
    public void TensorsOfManyPiecesArriveWhole(ScalarType stored, ScalarType type)
    {
        Tensor values = arange(1_300_003, ScalarType.Int64).mul(7919).remainder(251).sub(125).to(stored);
        Assert.True(Read(values, type).equal(values.to(type)).all().item<bool>());
    }

    [Fact]
    public void AViewIsFilledAndNothingBesideIt()
    {
        Tensor values = arange(12, ScalarType.Float32).view(3, 4).to(ScalarType.Float16), around = full(6, 6, -1f);
        SafetensorsWriter.Write(_folder["a"], [("x", values)]);
        using var file = SafetensorsFile.Open(_folder["a"]);
        file.ReadInto("x", around.narrow(0, 1, 3).narrow(1, 2, 4));
        Assert.Equal(66, around.sum().add(24).item<float>());
        Assert.Equal([-1f, -1, 4, 5, 6, 7], around[2].data<float>().ToArray());
    }

    [Fact]
    public void AFileThatIsShortenedMeanwhileIsNoticed()
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

    private Tensor Read(Tensor values, ScalarType type)
    {
        SafetensorsWriter.Write(_folder["a"], [("x", values)]);
        using var file = SafetensorsFile.Open(_folder["a"]);
        Tensor read = empty(values.shape, type);
        file.ReadInto("x", read);
        return read;
    }

    /// <summary>The bits, all NaNs alike: what a signalling one becomes is the processor's affair.</summary>
    private static uint[] Bits(Tensor values) =>
        [.. MemoryMarshal.Cast<float, uint>(values.data<float>().ToArray()).ToArray().Select(b => (b & 0x7fffffff) > 0x7f800000 ? uint.MaxValue : b)];
}
