using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>What the reference figures do not show of T5's encoder and of Qwen3.</summary>
public sealed class TextEncoderTests
{
    private static readonly T5Config s_t5 = new() { VocabSize = 20, DModel = 8, DKv = 4, DFf = 16, NumLayers = 2, NumHeads = 2 };

    private static readonly Qwen3Config s_qwen3 = new()
    {
        VocabSize = 20, HiddenSize = 8, IntermediateSize = 16, NumHiddenLayers = 3, NumAttentionHeads = 4, NumKeyValueHeads = 2,
        HeadDim = 4,
    };

    [Theory]
    [InlineData("relu", 1)]
    [InlineData("gelu", 1)]
    [InlineData("gated-silu", 2)]
    public void Feed_forwards_have_the_weights_of_their_kind(string kind, int inputs)
    {
        using DisposeScope scope = NewDisposeScope();
        using T5EncoderModel network = (s_t5 with { FeedForwardProj = kind }).Build();
        string[] names = [.. network.state_dict().Keys.Where(name => name.Contains(".0.layer.1.DenseReluDense.wi"))];
        Assert.Equal(inputs, names.Length);
        Assert.Equal([1, 3, 8], network.call(Ids(1, 2, 3), null).shape);
    }

    [Fact]
    public void Unknown_feed_forwards_are_refused() =>
        Assert.Throws<NotSupportedException>(() => (s_t5 with { FeedForwardProj = "gated-tanh" }).Build());

    [Fact]
    public void T5_in_float16_stays_finite()
    {
        using DisposeScope scope = NewDisposeScope();
        using T5EncoderModel network = s_t5.Build();
        using (no_grad())
        {
            foreach ((string name, Tensor weight) in network.state_dict())
                if (name.Contains("DenseReluDense", StringComparison.Ordinal)) weight.mul_(name.Contains("wo") ? 1e4f : 1e2f);
        }

        network.to(ScalarType.Float16);
        Assert.True(network.call(Ids(1, 2, 3), null).isfinite().all().item<bool>());
    }

    [Fact]
    public void A_network_of_fewer_layers_gives_the_same_states()
    {
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using Qwen3Model whole = s_qwen3.Build(), part = s_qwen3.Build(depth: 2);
        IReadOnlyDictionary<string, Tensor> weights = whole.state_dict();
        foreach ((string name, Tensor weight) in part.state_dict()) weight.copy_(weights[name]);
        Assert.DoesNotContain("model.norm.weight", part.state_dict().Keys);
        Tensor ids = Ids(4, 5, 6);
        foreach ((Tensor one, Tensor other) in whole.HiddenStates(ids, null, 2, 0, 2).Zip(part.HiddenStates(ids, null, 2, 0, 2)))
            Assert.Equal(one.data<float>().ToArray(), other.data<float>().ToArray());
        Assert.Equal(whole.HiddenStates(ids, null, 2)[0].data<float>().ToArray(), part.call(ids, null).data<float>().ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => part.HiddenStates(ids, null, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => s_qwen3.Build(depth: 4));
    }

    [Fact]
    public void Later_tokens_and_padding_do_not_change_earlier_states()
    {
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using Qwen3Model network = s_qwen3.Build();
        Tensor mask = tensor(new long[] { 1, 1, 0, 0 }, [1, 4]);
        Tensor plain = network.call(Ids(4, 5), null), padded = network.call(Ids(4, 5, 0, 7), mask);
        Assert.True(plain.allclose(padded.narrow(1, 0, 2), rtol: 1e-4, atol: 1e-5));
    }

    [Theory]
    [InlineData("""{ "rope_scaling": { "type": "yarn" } }""")]
    [InlineData("""{ "rope_parameters": { "rope_type": "yarn" } }""")]
    [InlineData("""{ "use_sliding_window": true }""")]
    [InlineData("""{ "attention_dropout": 0.1 }""")]
    [InlineData("""{ "hidden_act": "tanh" }""")]
    public void Options_that_are_not_supported_are_refused(string json) =>
        Assert.Throws<NotSupportedException>(() => Qwen3Config.FromJson(json).BuildUninitialized(device: META));

    [Fact]
    public void Newer_files_give_the_period_among_the_rotary_parameters()
    {
        Qwen3Config config = Qwen3Config.FromJson("""{ "rope_parameters": { "rope_theta": 500, "rope_type": "default" } }""");
        Assert.Equal(500, config.Theta);
        Assert.Equal(20, (config with { RopeParameters = null, RopeTheta = 20 }).Theta);
    }

    private static Tensor Ids(params long[] ids) => tensor(ids, [1, ids.Length]);
}
