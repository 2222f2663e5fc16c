using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

/// <summary>Rows of stored tensors are read without the others.</summary>
public sealed class MappedTensorsTests : IDisposable
{
    private static readonly RowRange[] s_rows = [new(5, 2), new(0, 3)];

    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    public static TheoryData<string> Types => ["F32", "F16", "BF16", "Q8_0", "Q4_K", "safetensors", "bfloat16"];

    [Theory]
    [MemberData(nameof(Types))]
    public void Rows_are_those_of_the_whole_tensor(string type)
    {
        using ITensorSource source = Write(type, randn(8, 256), "matrix");
        using ITensorSource mapped = new MappedTensors(source, [new MappedTensor("part", source.Find("matrix")!) { Rows = s_rows }]);
        using ITensorSource again = new MappedTensors(mapped, [new MappedTensor("last", mapped.Find("part")!) { Rows = [new(4, 1)] }]);
        Tensor whole = source.Read("matrix"), half = empty([5, 256], ScalarType.BFloat16);

        Assert.True(mapped.Read("part").equal(cat([whole[5..7], whole[..3]])).all().item<bool>());
        Assert.True(again.Read("last").equal(whole[2..3]).all().item<bool>());
        mapped.ReadInto("part", half);
        Assert.True(half.equal(cat([whole[5..7], whole[..3]]).to(ScalarType.BFloat16)).all().item<bool>());
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Other_rows_are_not_read(string type)
    {
        using ITensorSource source = Write(type, randn(8, 256), "matrix");
        using ITensorSource mapped = new MappedTensors(
            source,
            [
                new MappedTensor("first", source.Find("matrix")!) { Rows = [new(0, 2)] },
                new MappedTensor("last", source.Find("matrix")!) { Rows = [new(6, 2)] },
            ]);
        long half = new FileInfo(source.Path).Length / 2;
        using (var file = new FileStream(source.Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) file.SetLength(half + 256);

        Assert.Equal([2, 256], mapped.Read("first").shape);
        Assert.Throws<CheckpointException>(() => mapped.Read("last"));
    }

    [Fact]
    public void Rows_that_are_not_whole_blocks_are_read_too()
    {
        using ITensorSource source = Write("Q8_0", randn(8, 16), "matrix");
        using ITensorSource mapped = new MappedTensors(source, [new MappedTensor("part", source.Find("matrix")!) { Rows = s_rows }]);

        Tensor whole = source.Read("matrix");
        Assert.True(mapped.Read("part").equal(cat([whole[5..7], whole[..3]])).all().item<bool>());
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private ITensorSource Write(string type, Tensor values, string name)
    {
        if (GgufType.All.SingleOrDefault(t => t.Name == type) is { } stored)
            GgufWriter.Write(_folder["a"], [new GgufTensor(name, values, stored)]);
        else
            SafetensorsWriter.Write(_folder["a"], [(name, values)], null, type == "bfloat16" ? ScalarType.BFloat16 : null);
        return Checkpoint.Open(_folder["a"]);
    }
}
