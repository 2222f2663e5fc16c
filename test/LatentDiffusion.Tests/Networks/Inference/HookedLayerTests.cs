using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>Hooks of layers are called in the inference form as in the plain one, and may look at parameters.</summary>
public sealed class HookedLayerTests : IDisposable
{
    private readonly SmallUNet _network = new();

    public HookedLayerTests()
    {
        Assert.SkipUnless(CpuOperators.IsAvailable, "This libtorch has no operators for packed weights.");
        InferenceForm.IsEnabled = true;
    }

    public void Dispose() => _network.Dispose();

    public static TheoryData<string> Layers() =>
    [
        .. SmallUNet.PackedLayers,
        "down_blocks.0.resnets.0.norm1",
        "down_blocks.0.resnets.0.norm2",
        "down_blocks.0.attentions.0.norm",
        "down_blocks.0.attentions.0.transformer_blocks.0.norm1",
        "down_blocks.0.attentions.0.transformer_blocks.0.norm2",
        "down_blocks.0.attentions.0.transformer_blocks.0.norm3",
        "down_blocks.0.attentions.0.transformer_blocks.0.ff",
        "down_blocks.0.attentions.0.transformer_blocks.0.ff.net.0",
    ];

    [Theory, MemberData(nameof(Layers))]
    public void Output_of_a_hook_is_used(string layer)
    {
        int calls = 0;
        float[] before = _network.Evaluate();
        var module = (nn.Module<Tensor, Tensor>)_network.Module(layer);
        var hook = module.register_forward_hook((_, _, output) =>
        {
            calls++;
            return output.Multiply(1.5);
        });
        float[] hooked = _network.Evaluate(), plain = _network.EvaluatePlain();
        Assert.Equal(2, calls);
        Assert.InRange(SmallUNet.Difference(plain, hooked), 0, SmallUNet.Tolerance);
        Assert.InRange(SmallUNet.Difference(before, hooked), 1e-4, double.MaxValue);
        hook.remove();
        Assert.Equal(before, _network.Evaluate());
        Assert.Equal(2, calls);
    }

    [Fact]
    public void Hook_of_attention_is_called()
    {
        int calls = 0;
        var attention = (CrossAttention)_network.Module("down_blocks.0.attentions.0.transformer_blocks.0.attn1");
        attention.register_forward_hook((_, _, _, output) =>
        {
            calls++;
            return output;
        });
        _network.Evaluate();
        _network.EvaluatePlain();
        Assert.Equal(2, calls);
    }

    [Theory, MemberData(nameof(Layers))]
    public void Hook_may_read_parameters(string layer)
    {
        List<Tensor> seen = [];
        float[] before = _network.Evaluate();
        var module = (nn.Module<Tensor, Tensor>)_network.Module(layer);
        module.register_forward_pre_hook((m, input) =>
        {
            seen.AddRange(m.parameters());
            return input;
        });
        float[] hooked = _network.Evaluate();
        Assert.InRange(SmallUNet.Difference(before, hooked), 0, SmallUNet.Tolerance);
        Assert.NotEmpty(seen);
        Assert.All(seen, parameter => Assert.True(parameter.isfinite().all().item<bool>()));
    }

    [Fact]
    public void Network_may_be_saved_within_a_hook()
    {
        using var folder = new TemporaryFolder();
        string plain = folder["plain.safetensors"], within = folder["within.safetensors"];
        StateDict.Save(new SmallUNet().Network, plain);
        var module = (nn.Module<Tensor, Tensor>)_network.Module(SmallUNet.PackedLayers[1]);
        module.register_forward_hook((_, _, output) =>
        {
            StateDict.Save(_network.Network, within);
            return output;
        });
        _network.Evaluate();
        Assert.Equal(File.ReadAllBytes(plain), File.ReadAllBytes(within));
    }

    [Fact]
    public void Gradients_may_be_computed_within_a_hook()
    {
        float[]? gradient = null;
        var module = (nn.Module<Tensor, Tensor>)_network.Module(SmallUNet.PackedLayers[1]);
        var hook = module.register_forward_hook((_, _, output) =>
        {
            if (gradient is not null || is_grad_enabled()) return output;
            gradient = [];
            gradient = Gradient(_network);
            return output;
        });
        float[] before = _network.Evaluate();
        hook.remove();
        using var other = new SmallUNet();
        Assert.Equal(Gradient(other), gradient!);
        Assert.InRange(SmallUNet.Difference(before, _network.Evaluate()), 0, SmallUNet.Tolerance);

        static float[] Gradient(SmallUNet network)
        {
            using IDisposable withGradients = enable_grad();
            using DisposeScope scope = NewDisposeScope();
            network.Network.call(SmallUNet.Input()).square().sum().backward();
            return network.Parameter($"{SmallUNet.PackedLayers[3]}.weight").grad!.data<float>().ToArray();
        }
    }
}
