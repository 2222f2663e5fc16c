using LatentDiffusion.Tests.Reference;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>Blocks that are computed in one call give the values of their layers.</summary>
public sealed class FusedBlockTests
{
    private const double Tolerance = 1e-5;

    public FusedBlockTests() =>
        Assert.SkipUnless(CpuOperators.IsAvailable, "This libtorch has no operators for packed weights.");

    // 4 and 12 channels of a group do not fill vectors, 8 do; 32 pixels a side are normalised by libtorch.
    [Theory]
    [InlineData(32, 32, 8, 2, 1), InlineData(32, 48, 8, 2, 1), InlineData(96, 32, 5, 2, 1), InlineData(64, 64, 6, 1, 1)]
    [InlineData(32, 64, 32, 1, 1), InlineData(32, 32, 4, 1, 2), InlineData(16, 32, 1, 1, 1)]
    public void Residual_block_of_a_U_Net(long inChannels, long outChannels, long side, long times, double scale)
    {
        var options = new ResnetOptions(24, 8, 1e-5, "silu", ScaleShift: false, Dropout: 0) { OutputScale = scale };
        using var block = new ResnetBlock2D(LayerFactory.Random, inChannels, outChannels, options);
        Tensor input = FormulaWeights.Input("map", [2, inChannels, side, side]), time = FormulaWeights.Input("time", [times, 24]);
        Compare(block, () => block.call(input, new TimeContext(time)), expectsFusion: side > 1);
    }

    [Theory, InlineData("mish", false, false), InlineData("silu", true, false), InlineData("silu", false, true)]
    public void Other_residual_blocks(string activation, bool scaleShift, bool halves)
    {
        var options = new ResnetOptions(24, 8, 1e-5, activation, scaleShift, Dropout: 0);
        using var block = new ResnetBlock2D(LayerFactory.Random, 32, 32, options, halves ? Resampling.Halve : Resampling.None);
        Tensor input = FormulaWeights.Input("map", [2, 32, 8, 8]), time = FormulaWeights.Input("time", [2, 24]);
        Compare(block, () => block.call(input, new TimeContext(time)));
    }

    [Theory, InlineData(32, 32, null), InlineData(64, 32, null), InlineData(32, 32, 4)]
    public void Residual_block_of_an_autoencoder(int inChannels, int outChannels, int? latentChannels)
    {
        var shape = new AutoencoderShape(LayerFactory.Random, 32, "silu", latentChannels);
        using var block = new AutoencoderResnet(shape, inChannels, outChannels);
        Tensor input = FormulaWeights.Input("map", [1, inChannels, 12, 8]), latents = FormulaWeights.Input("latents", [1, 4, 6, 4]);
        Compare(block, () => block.call(input, new NormalizationContext(latents)));
    }

    // 32² pixels and heads of 4 channels are attention of large heads; 1300² logits are more than one part.
    [Theory]
    [InlineData(false, false, false, 8, false), InlineData(true, false, false, 8, false), InlineData(false, true, false, 8, false)]
    [InlineData(false, false, true, 8, false), InlineData(true, false, true, 6, true), InlineData(false, true, false, 6, true)]
    [InlineData(false, false, false, 32, true), InlineData(false, false, false, 50, false)]
    public void Spatial_transformer(bool linear, bool onlyCross, bool masked, long side, bool repeats)
    {
        var options = new TransformerOptions(
            Heads: 4, ContextChannels: 12, Groups: 8, linear, onlyCross, Upcast: false, Dropout: 0);
        using var block = new Transformer2DModel(LayerFactory.Random, 16, side < 50 ? 2 : 1, options);
        Tensor text = FormulaWeights.Input("text", [2, 5, 12]);
        Tensor? bias = masked ? FormulaWeights.Input("bias", [2, 1, 1, 5]) : null;
        Tensor map = FormulaWeights.Input("map", [repeats ? 1 : 2, 16, side, side]);
        Compare(block, () => block.call(map, new TextContext(text, bias, Repeats: repeats)));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Changed_attention_is_that_of_the_layers(bool identity)
    {
        var options = new TransformerOptions(4, 12, 8, LinearProjection: false, OnlyCrossAttention: false, Upcast: false, Dropout: 0);
        using var block = new Transformer2DModel(LayerFactory.Random, 16, 1, options);
        var transformer = (BasicTransformerBlock)block.named_modules().Single(m => m.name == "transformer_blocks.0").module;
        Tensor text = FormulaWeights.Input("text", [2, 5, 12]), map = FormulaWeights.Input("map", [2, 16, 8, 8]);
        var added = new AddedContext(FormulaWeights.Input("keys", [2, 3, 16]), FormulaWeights.Input("values", [2, 3, 16]));
        var edits = new Dictionary<CrossAttention, LayerEdit>
        {
            [identity ? transformer.SelfAttention! : transformer.CrossAttention] = new(identity, identity ? [] : [added]),
        };
        float[] edited = Compare(block, () => block.call(map, new TextContext(text, null, new AttentionState(null, edits))));
        float[] plain = Compare(block, () => block.call(map, new TextContext(text, null)));
        Assert.InRange(SmallUNet.Difference(edited, plain), 1e-3, double.MaxValue);
    }

    [Fact]
    public void Queries_stay_as_they_are()
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        // One head of a contiguous tensor: nothing needs a copy.
        Tensor query = FormulaWeights.Input("query", [1, 128, 128]), key = FormulaWeights.Input("key", [1, 128, 128]), copy = query.clone();
        Tensor expected = nn.functional.scaled_dot_product_attention(query, key, key);
        Assert.InRange((CpuOperators.Attend(query, key, key, null, heads: 1) - expected).abs().max().item<float>(), 0, Tolerance);
        Assert.Equal(copy, query);
    }

    /// <summary>Compares the inference form with the plain one.</summary>
    /// <returns>The values.</returns>
    private static float[] Compare(nn.Module block, Func<Tensor> evaluate, bool expectsFusion = true)
    {
        FormulaWeights.Fill(block);
        block.eval();
        InferenceForm.IsEnabled = false;
        float[] plain = Evaluate();
        InferenceForm.IsEnabled = true;
        float[] fused = Evaluate();
        Assert.Equal(fused, Evaluate());
        Assert.InRange(SmallUNet.Difference(plain, fused), expectsFusion ? double.Epsilon : 0, Tolerance);
        return fused;

        float[] Evaluate()
        {
            using IDisposable noGradient = no_grad();
            using DisposeScope scope = NewDisposeScope();
            using NetworkUse weights = NetworkUse.ToEvaluate(block);
            return evaluate().contiguous().data<float>().ToArray();
        }
    }
}
