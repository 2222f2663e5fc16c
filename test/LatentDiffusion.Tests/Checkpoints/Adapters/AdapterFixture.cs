using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

/// <summary>
/// Small weights of every shape that adapters change, and what a file makes of them. Expected values are computed here element by
/// element in double precision.
/// </summary>
public abstract class AdapterFixture : IDisposable
{
    protected const int Out = 6, In = 4;

    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly Generator _random = new(7);

    protected AdapterFixture()
    {
        Weights = new()
        {
            ["linear.weight"] = Random(Out, In), ["linear.bias"] = Random(Out),
            ["conv.weight"] = Random(Out, In, 3, 3), ["conv.bias"] = Random(Out),
            ["point.weight"] = Random(Out, In, 1, 1),
            ["norm.weight"] = Random(Out), ["norm.bias"] = Random(Out),
            ["attn.to_q.weight"] = Random(2, In), ["attn.to_k.weight"] = Random(4, In), ["attn.to_v.weight"] = Random(2, In),
        };
        Target = LoraTarget.Create(
            new LoraComponent("net")
            {
                Prefixes = ["lora_unet_", "lycoris_"],
                JoinedNames = name => name == "attn_qkv" ? ["attn_to_q", "attn_to_k", "attn_to_v"] : null,
            },
            Weights);
    }

    protected Dictionary<string, Tensor> Weights { get; }

    private protected LoraTarget Target { get; }

    public void Dispose()
    {
        _scope.Dispose();
        _random.Dispose();
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    protected Tensor Random(params long[] shape) => randn(shape, generator: _random);

    /// <summary>Opens a file with the tensors.</summary>
    private protected LoraFile Open(
        Dictionary<string, Tensor> tensors, Dictionary<string, string>? metadata = null,
        UnknownTensorHandling unknown = UnknownTensorHandling.Refuse)
    {
        string path = _folder[$"{Guid.NewGuid():N}.safetensors"];
        SafetensorsWriter.Write(path, tensors.Select(t => (t.Key, t.Value)), metadata);
        return LoraFile.Open(path, unknown, Target);
    }

    /// <summary>
    /// Applies a file at a scale, returns what a parameter became, and removes it again: all parameters have their former bits.
    /// </summary>
    private protected double[] Apply(string parameter, double scale, Dictionary<string, Tensor> tensors)
    {
        using LoraFile file = Open(tensors);
        return Apply(parameter, (file, scale));
    }

    private protected double[] Apply(string parameter, params (LoraFile File, double Scale)[] files)
    {
        Dictionary<string, Tensor> before = Weights.ToDictionary(w => w.Key, w => w.Value.clone());
        double[] changed;
        using (var applied = new AppliedLoras(new Dictionary<string, IReadOnlyDictionary<string, Tensor>> { ["net"] = Weights }))
        {
            applied.Set(files);
            changed = Values(Weights[parameter]);
        }

        foreach ((string name, Tensor weight) in Weights) Xunit.Assert.True(weight.equal(before[name]).all().item<bool>(), name);
        return changed;
    }

    /// <summary>W + scale·ΔW, of ΔW by row and column of the flattened weight.</summary>
    protected double[] Changed(string parameter, double scale, Func<int, int, double> delta)
    {
        double[] weight = Values(Weights[parameter]);
        int columns = weight.Length / (int)Weights[parameter].shape[0];
        return [.. weight.Select((w, i) => w + (scale * delta(i / columns, i % columns)))];
    }

    protected static double[] Values(Tensor tensor) => [.. tensor.to(ScalarType.Float64).contiguous().data<double>()];

    /// <summary>A function of the indices of a tensor.</summary>
    protected static Func<int, int, double> Matrix(Tensor tensor)
    {
        double[] values = Values(tensor);
        int columns = values.Length / (int)tensor.shape[0];
        return (row, column) => values[(row * columns) + column];
    }

    /// <summary>An element of a·b.</summary>
    protected static Func<int, int, double> Product(Tensor a, Tensor b)
    {
        (Func<int, int, double> left, Func<int, int, double> right) = (Matrix(a), Matrix(b));
        return (row, column) => Enumerable.Range(0, (int)b.shape[0]).Sum(k => left(row, k) * right(k, column));
    }

    /// <summary>An element of a kernel [out, in·height·width] between transposed factors [rank, out] and [rank, in].</summary>
    protected static Func<int, int, double> Tucker(Tensor kernel, Tensor outputs, Tensor inputs)
    {
        (Func<int, int, double> a, Func<int, int, double> b) = (Matrix(outputs), Matrix(inputs));
        double[] middle = Values(kernel);
        int rank = (int)kernel.shape[0], positions = (int)(kernel.shape[2] * kernel.shape[3]);
        return (row, column) => (
            from i in Enumerable.Range(0, rank)
            from j in Enumerable.Range(0, rank)
            select middle[(((i * rank) + j) * positions) + (column % positions)] * a(i, row) * b(j, column / positions)).Sum();
    }

    protected static void AssertClose(double[] expected, double[] actual)
    {
        Xunit.Assert.Equal(expected.Length, actual.Length);
        foreach ((double e, double a) in expected.Zip(actual)) Xunit.Assert.Equal(e, a, 2e-5 * (1 + Math.Abs(e)));
    }
}
