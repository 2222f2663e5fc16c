using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

public sealed class StoredMatrixTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    public static TheoryData<string> Types =>
        [.. GgufType.All.Where(t => t.CanBeWritten && (t.IsQuantized || t == GgufType.F16 || t == GgufType.BF16)).Select(t => t.Name)];

    [Theory]
    [MemberData(nameof(Types))]
    public void Products_are_those_of_the_expanded_matrix(string name)
    {
        GgufType type = GgufType.All.Single(t => t.Name == name);
        // More rows than one tile holds.
        using GgufFile file = Write(randn(2100, 768), type);
        using StoredMatrix matrix = StoredMatrix.Read(((ITensorSource)file).FindRows("x")!, tileBytes: 1 << 20);
        Tensor expanded = empty(2100, 768), bias = randn(2100);
        file.ReadInto("x", expanded);

        Assert.True(matrix.ToTensor().equal(expanded).all().item<bool>());
        foreach (long[] shape in new long[][] { [0, 768], [768], [1, 768], [3, 768], [2, 2, 768], [70, 768] })
        {
            Tensor input = randn(shape);
            foreach (Tensor? b in new[] { bias, null })
            {
                Tensor expected = nn.functional.linear(input, expanded, b), product = matrix.Multiply(input, b);
                Assert.Equal(expected.shape, product.shape);
                Assert.True(product.allclose(expected, 1e-4, 1e-3), $"{string.Join(',', shape)}");
            }
        }
    }

    [Fact]
    public void Products_have_the_type_of_the_input()
    {
        using GgufFile file = Write(randn(32, 64), GgufType.Q8_0);
        using StoredMatrix matrix = StoredMatrix.Read(((ITensorSource)file).FindRows("x")!);
        Tensor input = randn(5, 64).to(ScalarType.BFloat16);

        Tensor product = matrix.Multiply(input, randn(32).to(ScalarType.BFloat16));
        Assert.Equal(ScalarType.BFloat16, product.dtype);
    }

    [Fact]
    public void Rows_are_selected_by_number()
    {
        using GgufFile file = Write(randn(50, 256), GgufType.Q6_K);
        using StoredMatrix matrix = StoredMatrix.Read(((ITensorSource)file).FindRows("x")!);
        Tensor ids = tensor(new long[] { 3, 49, 0, 3, 7, 8 }).view(2, 3);

        Tensor rows = matrix.Select(ids);
        Assert.Equal([2, 3, 256], rows.shape);
        Assert.True(rows.view(6, 256).equal(file.Read("x")[ids.view(-1)]).all().item<bool>());
        Tensor up = randn(50, 2).DetachFromDisposeScope(), down = randn(2, 256).DetachFromDisposeScope();
        matrix.SetTerms([new LowRankTerm(up, down)]);
        Assert.True(matrix.Select(ids).view(6, 256).allclose(matrix.ToTensor()[ids.view(-1)], 1e-5, 1e-5));
        Assert.Throws<ArgumentOutOfRangeException>(() => matrix.Select(tensor(new[] { 50L })));
        Assert.Throws<ArgumentOutOfRangeException>(() => matrix.Select(tensor(new[] { -1L })));
    }

    [Theory]
    [InlineData("Q8_0")]
    [InlineData("F32")]
    public void Token_tables_are_read_as_stored_or_allocated(string name)
    {
        GgufType type = GgufType.All.Single(t => t.Name == name);
        GgufWriter.Write(_folder["a"], [new GgufTensor("weight", randn(20, 64), type)]);
        using var file = GgufFile.Open(_folder["a"]);
        using nn.Module<Tensor, Tensor> table = LayerFactory
            .For(file, new CheckpointOptions { Storage = WeightStorage.AsStored }).TokenTable(20, 64);
        StateDict.Load(table, file);
        Tensor ids = tensor(new long[] { 3, 19, 0, 3 }).view(2, 2);

        Assert.Equal(type.IsQuantized, Assert.IsType<StoredTable>(table).Stored is not null);
        Assert.True(table.call(ids).equal(file.Read("weight")[ids]).all().item<bool>());
    }

    [Fact]
    public void Ranges_of_rows_are_kept_as_stored()
    {
        using GgufFile file = Write(randn(9, 64), GgufType.Q4_0);
        using var mapped = new MappedTensors(file, [new MappedTensor("part", file.Find("x")!) { Rows = [new(6, 3), new(0, 2)] }]);
        using StoredMatrix matrix = StoredMatrix.Read(((ITensorSource)mapped).FindRows("part")!);

        Assert.True(matrix.ToTensor().equal(mapped.Read("part")).all().item<bool>());
    }

    [Fact]
    public void Weights_that_are_not_matrices_of_few_bits_are_expanded()
    {
        GgufWriter.Write(
            _folder["a"],
            [
                new("f32", randn(4, 32), GgufType.F32), new("vector", randn(32), GgufType.Q8_0),
                new("kernel", randn(2, 4, 32), GgufType.Q8_0),
                new("reshaped", randn(64, 16), GgufType.Q8_0), new("i8", ones(4, 32), GgufType.I8),
            ]);
        using var file = GgufFile.Open(_folder["a"]);

        Assert.All(file.Entries, entry => Assert.Null(((ITensorSource)file).FindRows(entry.Name)));
    }

    [Fact]
    public void A_layer_is_read_as_stored_or_allocated()
    {
        Tensor weight = randn(8, 32);
        using var stored = Layer(("weight", weight, GgufType.Q8_0));
        using var plain = Layer(("weight", weight, GgufType.F32));

        Assert.NotNull(stored.Stored);
        Assert.Null(plain.Stored);
        Assert.True(plain.get_parameter("weight")!.equal(weight).all().item<bool>());
        Assert.Single(plain.parameters());
        Tensor input = randn(6, 32);
        Assert.True(plain.call(input).allclose(nn.functional.linear(input, weight), 1e-5, 1e-5));
        Assert.True(stored.call(input).allclose(nn.functional.linear(input, weight), 0.1, 0.1));

        LinearLayer Layer((string Name, Tensor Values, GgufType Type) tensor)
        {
            GgufWriter.Write(_folder["a"], [new GgufTensor(tensor.Name, tensor.Values, tensor.Type)]);
            using var file = GgufFile.Open(_folder["a"]);
            LinearLayer layer = LayerFactory.For(file, new CheckpointOptions { Storage = WeightStorage.AsStored })
                .Linear(32, 8, bias: false);
            Assert.True(layer.IsDeferred);
            Assert.Throws<InvalidOperationException>(() => StateDict.Load(layer.state_dict(), file));
            StateDict.Load(layer, file);
            return layer;
        }
    }

    [Fact]
    public void A_file_that_is_truncated_ends_in_the_exception()
    {
        using GgufFile file = Write(randn(512, 1024), GgufType.Q8_0);
        using (var stream = new FileStream(_folder["a"], FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) stream.SetLength(10_000);

        Assert.Throws<CheckpointException>(() => StoredMatrix.Read(((ITensorSource)file).FindRows("x")!));
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private GgufFile Write(Tensor values, GgufType type)
    {
        GgufWriter.Write(_folder["a"], [new GgufTensor("x", values, type)]);
        return GgufFile.Open(_folder["a"]);
    }
}
