using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

public sealed class GgufFileTests : IDisposable
{
    private static readonly byte[] s_one = BitConverter.GetBytes(1u);

    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    [Fact]
    public void A_file_is_recognised_by_its_content()
    {
        GgufWriter.Write(_folder["model.safetensors"], [new GgufTensor("x", ones(2, 3), GgufType.F32)]);
        using ITensorSource source = Checkpoint.Open(_folder["model.safetensors"]);

        Assert.IsType<GgufFile>(source);
        Assert.Equal(6, source.Read("x").sum().item<float>());
    }

    [Fact]
    public void Version_2_is_read_as_version_3()
    {
        Write(RawGguf.Bytes(tensors: [("x", [2], 0, 0)], data: [.. BitConverter.GetBytes(1f), .. BitConverter.GetBytes(2f)], version: 2));
        using var file = GgufFile.Open(_folder["a"]);

        Assert.Equal(2, file.Version);
        Assert.Equal([1f, 2f], file.Read("x").data<float>());
    }

    [Fact]
    public void The_original_shape_is_restored()
    {
        Write(RawGguf.Bytes(
            [("comfy.gguf.orig_shape.x", 9, [.. BitConverter.GetBytes(5u), .. BitConverter.GetBytes(3UL), .. Ints(2, 4, 1)])],
            [("x", [8], 0, 0)],
            new byte[32]));
        using var file = GgufFile.Open(_folder["a"]);

        Assert.Equal([2, 4, 1], file.Find("x")!.Shape);
        Assert.Equal([2, 4, 1], file.Read("x").shape);
    }

    [Fact]
    public void Blocks_are_read_into_views_of_every_type()
    {
        Tensor stored = randn(3, 64);
        GgufWriter.Write(_folder["a"], [new GgufTensor("x", stored, GgufType.Q8_0)]);
        using var file = GgufFile.Open(_folder["a"]);
        Tensor values = file.Read("x");
        foreach (ScalarType type in new[] { ScalarType.Float32, ScalarType.Float16, ScalarType.BFloat16, ScalarType.Float64 })
        {
            Tensor whole = zeros(3, 64, type), turned = zeros(64, 3, type);
            file.ReadInto("x", whole);
            file.ReadInto("x", turned.t());
            Assert.True(whole.equal(values.to(type)).all().item<bool>());
            Assert.True(turned.t().equal(whole).all().item<bool>());
        }

        Assert.Throws<ArgumentException>(() => file.ReadInto("x", zeros(64, 3)));
        Assert.Throws<KeyNotFoundException>(() => file.Read("y"));
        Assert.Throws<KeyNotFoundException>(() => file.TypeOf("y"));
    }

    [Fact]
    public void Arrays_may_contain_arrays()
    {
        byte[] inner = [.. s_one, .. BitConverter.GetBytes(2UL), 255, 7];
        Write(RawGguf.Bytes([("a", 9, [.. BitConverter.GetBytes(9u), .. BitConverter.GetBytes(2UL), .. inner, .. inner])]));
        using var file = GgufFile.Open(_folder["a"]);

        var outer = Assert.IsType<object[]>(file.Metadata["a"]);
        Assert.All(outer, values => Assert.Equal([-1, 7], Assert.IsType<sbyte[]>(values)));
    }

    public static TheoryData<string, byte[]> Damaged => new()
    {
        { "version 1", RawGguf.Bytes(version: 1) },
        { "version 4", RawGguf.Bytes(version: 4) },
        { "big-endian", RawGguf.Bytes(version: 3 << 24) },
        { "truncated", RawGguf.Bytes()[..20] },
        { "tensors", [.. RawGguf.Bytes()[..8], .. BitConverter.GetBytes(long.MaxValue), .. new byte[8]] },
        { "metadata entries", [.. RawGguf.Bytes()[..16], .. BitConverter.GetBytes(1L << 40)] },
        { "'a' twice", RawGguf.Bytes([("a", 7, [1]), ("a", 7, [0])]) },
        { "bool 2", RawGguf.Bytes([("a", 7, [2])]) },
        { "unknown type 13", RawGguf.Bytes([("a", 13, [2])]) },
        { "unknown type 14", RawGguf.Bytes([("a", 9, [14, 0, 0, 0, .. BitConverter.GetBytes(1L)])]) },
        { "values of the metadata 'a'", RawGguf.Bytes([("a", 9, [0, 0, 0, 0, .. BitConverter.GetBytes(long.MaxValue)])]) },
        { "power of two", RawGguf.Bytes([("general.alignment", 4, BitConverter.GetBytes(24u))]) },
        { "power of two", RawGguf.Bytes([("general.alignment", 4, BitConverter.GetBytes(0u))]) },
        { "power of two", RawGguf.Bytes([("general.alignment", 10, BitConverter.GetBytes(32L))]) },
        { "5 dimensions", RawGguf.Bytes(tensors: [("x", [1, 1, 1, 1, 1], 0, 0)], data: new byte[4]) },
        { "impossible shape", RawGguf.Bytes(tensors: [("x", [ulong.MaxValue], 0, 0)], data: new byte[4]) },
        { "impossible shape", RawGguf.Bytes(tensors: [("x", [1UL << 62, 1UL << 62], 0, 0)], data: new byte[4]) },
        { "impossible shape", RawGguf.Bytes(tensors: [("x", [1UL << 62], 0, 0)], data: new byte[4]) },
        { "IQ2_XXS (16)", RawGguf.Bytes(tensors: [("x", [256], 16, 0)], data: new byte[66]) },
        { "multiples of 32", RawGguf.Bytes(tensors: [("x", [16, 2], 8, 0)], data: new byte[34]) },
        { "multiples of 256", RawGguf.Bytes(tensors: [("x", [], 12, 0)], data: new byte[144]) },
        { "not a multiple of 32", RawGguf.Bytes(tensors: [("x", [1], 0, 16)], data: new byte[64]) },
        { "truncated", RawGguf.Bytes(tensors: [("x", [32], 8, 0)], data: new byte[33]) },
        { "truncated", RawGguf.Bytes(tensors: [("x", [1], 0, 1UL << 63)], data: new byte[4]) },
        { "overlaps", RawGguf.Bytes(tensors: [("x", [9], 0, 0), ("y", [1], 0, 32)], data: new byte[64]) },
        { "'x' occurs twice", RawGguf.Bytes(tensors: [("x", [1], 0, 0), ("x", [1], 0, 32)], data: new byte[64]) },
        {
            "orig_shape",
            RawGguf.Bytes(
                [("comfy.gguf.orig_shape.x", 9, [5, 0, 0, 0, .. BitConverter.GetBytes(1L), .. Ints(5)])], [("x", [4], 0, 0)], new byte[16])
        },
        { "orig_shape", RawGguf.Bytes([("comfy.gguf.orig_shape.x", 8, BitConverter.GetBytes(0L))], [("x", [4], 0, 0)], new byte[16]) },
    };

    [Theory]
    [MemberData(nameof(Damaged))]
    public void Damaged_files_are_refused(string message, byte[] file)
    {
        Write(file);
        Assert.Contains(message, Assert.Throws<CheckpointException>(() => Checkpoint.Open(_folder["a"])).Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private static IEnumerable<byte> Ints(params int[] values) => values.SelectMany(BitConverter.GetBytes);

    private void Write(byte[] file) => File.WriteAllBytes(_folder["a"], file);
}
