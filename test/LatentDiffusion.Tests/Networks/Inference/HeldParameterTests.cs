using LatentDiffusion.Tests.Reference;
using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>Parameters that somebody holds while the network computes with packed weights, and may write to at any time.</summary>
public sealed class HeldParameterTests : IDisposable
{
    private readonly SmallUNet _network = new();

    public HeldParameterTests()
    {
        Assert.SkipUnless(CpuOperators.IsAvailable, "This libtorch has no operators for packed weights.");
        InferenceForm.IsEnabled = true;
    }

    public void Dispose() => _network.Dispose();

    public static TheoryData<string> Layers() => [.. SmallUNet.PackedLayers];

    public static TheoryData<string, string> Writes()
    {
        var writes = new TheoryData<string, string>();
        foreach (string layer in SmallUNet.PackedLayers)
            foreach (string way in s_writes.Keys) writes.Add(layer, way);
        return writes;
    }

    [Theory, MemberData(nameof(Layers))]
    public void Parameter_taken_before_an_evaluation_keeps_its_values(string layer)
    {
        Parameter held = _network.Parameter($"{layer}.weight");
        float[] before = Values(held);
        _network.Evaluate();
        _network.Evaluate();
        Assert.Equal(before, Values(held));
    }

    [Theory, MemberData(nameof(Layers))]
    public void Parameter_taken_after_an_evaluation_has_its_values(string layer)
    {
        float[] before = Values(new SmallUNet().Parameter($"{layer}.weight"));
        _network.Evaluate();
        Assert.True(_network.IsPacked);
        Assert.Equal(before, Values(_network.Network.get_parameter($"{layer}.weight")!));
        _network.Evaluate();
        Assert.Equal(before, Values((Parameter)_network.Network.state_dict()[$"{layer}.weight"]));
    }

    [Theory, MemberData(nameof(Writes))]
    public void Next_evaluation_uses_what_was_written(string layer, string way)
    {
        using var plain = new SmallUNet();
        Write(plain.Parameter($"{layer}.weight"), way);
        float[] expected = plain.EvaluatePlain();

        Parameter held = _network.Parameter($"{layer}.weight");
        float[] before = _network.Evaluate();
        Write(held, way);
        float[] after = _network.Evaluate();
        Assert.True(_network.IsPacked);
        Assert.InRange(SmallUNet.Difference(before, after), 1e-4, double.MaxValue);
        Assert.InRange(SmallUNet.Difference(expected, after), 0, SmallUNet.Tolerance);
    }

    [Fact]
    public void Loaded_state_is_used()
    {
        using var other = new SmallUNet();
        Write(other.Parameter($"{SmallUNet.PackedLayers[0]}.weight"), "add");
        float[] expected = other.EvaluatePlain();
        _network.Evaluate();
        Dictionary<string, Tensor> state = other.Network.state_dict();
        _network.Network.load_state_dict(state);
        Assert.InRange(SmallUNet.Difference(expected, _network.Evaluate()), 0, SmallUNet.Tolerance);
    }

    [Fact]
    public void Two_negated_values_show()
    {
        using Tensor weight = ones(64, 64);
        ulong before = WeightFingerprint.Compute(weight);
        var seen = new HashSet<ulong> { before };
        foreach (int other in (int[])[1, 8, 63, 64, 512, 4095])
        {
            using Tensor changed = ones(64, 64);
            (changed.bytes[3], changed.bytes[other * sizeof(float) + 3]) = (0xbf, 0xbf);
            Assert.True(seen.Add(WeightFingerprint.Compute(changed)), $"Value {other} does not show.");
        }

        using Tensor flat = ones(4096);
        Assert.True(seen.Add(WeightFingerprint.Compute(flat)));
    }

    [Fact]
    public void Converted_and_back_the_values_are_used()
    {
        float[] before = _network.Evaluate();
        _network.Network.to(ScalarType.BFloat16);
        _network.Network.to(ScalarType.Float32);
        float[] expected = _network.EvaluatePlain(), after = _network.Evaluate();
        Assert.InRange(SmallUNet.Difference(expected, after), 0, SmallUNet.Tolerance);
        Assert.InRange(SmallUNet.Difference(before, after), 1e-4, double.MaxValue);
    }

    [Fact]
    public void Layer_evaluated_directly_gives_its_values()
    {
        using DisposeScope scope = NewDisposeScope();
        _network.Evaluate();
        using IDisposable noGradient = no_grad();
        using var other = new SmallUNet();
        Tensor input = FormulaWeights.Input("map", [1, 4, 8, 8]);
        float[] expected = Values(Convolution(other).call(input));
        Assert.Equal(expected, Values(Convolution(_network).call(input)));
        _network.Evaluate();
        Assert.Equal(expected, Values(Convolution(_network).call(input)));

        static nn.Module<Tensor, Tensor> Convolution(SmallUNet network) =>
            (nn.Module<Tensor, Tensor>)network.Network.named_children().Single(c => c.name == "conv_in").module;
    }

    [Fact]
    public async Task Parameters_may_be_taken_while_others_evaluate()
    {
        float[] expected = _network.Evaluate();
        string hash = ContentHash.Compute(new SmallUNet().Network);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Task.Run(() =>
        {
            for (int n = 0; n < 6; n++)
            {
                if (i == 0) Assert.Equal(hash, ContentHash.Compute(_network.Network));
                else Assert.Equal(expected, _network.Evaluate());
            }
        })));
    }

    private static readonly Dictionary<string, Action<Parameter>> s_writes = new()
    {
        ["fill"] = p => p.FillInPlace(0.02),
        ["add"] = p => p.AddInPlace(0.05),
        ["negate"] = p => p.neg_(),
        ["copy"] = p =>
        {
            using Tensor other = FormulaWeights.Input("other", p.shape), small = other.Multiply(0.1);
            p.copy_(small);
        },
        ["detached"] = p =>
        {
            using Tensor detached = p.detach();
            detached.AddInPlace(0.05);
        },
        ["storage"] = p =>
        {
            using Tensor other = FormulaWeights.Input("other", p.shape), small = other.Multiply(0.1);
            p.set_(small);
        },
        // The memory itself, which no operator of libtorch sees.
        ["memory"] = p =>
        {
            float[] values = [.. Values(p).Select(v => v + 0.05f)];
            System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()).CopyTo(p.bytes);
        },
    };

    private static void Write(Parameter parameter, string way)
    {
        using IDisposable noGradient = no_grad();
        s_writes[way](parameter);
    }

    private static float[] Values(Tensor tensor)
    {
        using Tensor values = tensor.detach().contiguous();
        return values.data<float>().ToArray();
    }
}
