using LatentDiffusion.Tests.Pipelines;
using LatentDiffusion.Tests.Reference;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Guidance;

/// <summary>Tokens that the cross-attention of a U-Net reads in addition to the text.</summary>
[NoTensorLeaks, Collection(LiveTensors.Collection)]
public sealed class AddedContextTests : IDisposable
{
    private const string Layer = "mid_block.attentions.0.transformer_blocks.0.attn2";

    private readonly UNetDenoiser _denoiser;

    public AddedContextTests()
    {
        var network = new UNet2DConditionModel(new UNet2DConditionConfig
        {
            BlockOutChannels = [16, 32], NormNumGroups = 8, LayersPerBlock = 1, CrossAttentionDim = 12, AttentionHeadDim = 2,
            DownBlockTypes = ["CrossAttnDownBlock2D", "DownBlock2D"], UpBlockTypes = ["UpBlock2D", "CrossAttnUpBlock2D"],
        });
        FormulaWeights.Fill(network);
        _denoiser = new UNetDenoiser(network);
    }

    public void Dispose() => _denoiser.Dispose();

    [Fact]
    public void A_mask_takes_the_size_of_the_feature_map()
    {
        using DisposeScope scope = NewDisposeScope();
        using Conditioning text = Text(2);
        Tensor plain = Predict(text, null), everywhere = Predict(text, Tokens(2));
        Differ(plain, everywhere);
        Close(everywhere, Predict(text, Tokens(2) with { Mask = ones(1, 1, 16, 16) }));
        Close(plain, Predict(text, Tokens(2) with { Mask = zeros(2, 1, 5, 7) }));
        Close(plain, Predict(text, Tokens(2) with { Scale = 0 }));
        // Samples are masked one by one.
        Tensor one = Predict(text, Tokens(2) with { Mask = cat([zeros(1, 1, 8, 8), ones(1, 1, 8, 8)]) });
        Close(plain.narrow(0, 0, 1), one.narrow(0, 0, 1));
        Close(everywhere.narrow(0, 1, 1), one.narrow(0, 1, 1));
    }

    [Fact]
    public void Training_reads_the_tokens_and_gives_them_gradients()
    {
        using DisposeScope scope = NewDisposeScope();
        using Conditioning text = Text(2);
        _denoiser.Network.GradientCheckpointing = true;
        AddedContext tokens = Tokens(2);
        tokens = tokens with { Values = tokens.Values.requires_grad_() };
        Tensor predicted = _denoiser.Forward(Call(text, tokens));
        Close(Predict(text, tokens), predicted.detach());
        predicted.sum().backward();
        Assert.True(tokens.Values.grad!.abs().max().item<float>() > 0);
        _denoiser.Network.zero_grad();
    }

    [Fact]
    public void Guidance_in_one_batch_repeats_the_tokens()
    {
        using DisposeScope scope = NewDisposeScope();
        using Conditioning text = Text(2), negative = Text(2, "n"), both = Conditioning.Concat(text, negative);
        AddedContext tokens = Tokens(2) with { Mask = FormulaWeights.Input("mask", [2, 1, 8, 8]) };
        Tensor joined = _denoiser.Predict(Call(text, tokens).RepeatFor(both));
        Close(Predict(text, tokens), joined.narrow(0, 0, 2));
        Close(Predict(negative, tokens), joined.narrow(0, 2, 2));
    }

    [Fact]
    public void Tokens_that_fit_no_layer_or_batch_are_refused_by_name()
    {
        using DisposeScope scope = NewDisposeScope();
        using Conditioning text = Text(2);
        Refused("for 'mid_block'", Tokens(2), "mid_block");
        Refused($"for '{Layer}' with [1, 4, 32] keys", Tokens(1));
        Refused($"for '{Layer}' with [2, 4, 32] keys and [2, 3, 32] values", Tokens(2) with { Values = zeros(2, 3, 32) });
        Refused($"for '{Layer}' with a mask of [8, 8]", Tokens(2) with { Mask = ones(8, 8) });

        void Refused(string message, AddedContext tokens, string layer = Layer) => Assert.StartsWith(
            $"DenoiserInput.AttentionEdits is {message}",
            Assert.Throws<ArgumentException>(() => _denoiser.Predict(Call(text, tokens, layer))).Message, StringComparison.Ordinal);
    }

    private Tensor Predict(Conditioning text, AddedContext? tokens) => _denoiser.Predict(Call(text, tokens));

    private static DenoiserInput Call(Conditioning text, AddedContext? tokens, string layer = Layer)
    {
        DenoiserInput input = DenoiserCalls.Input(FormulaWeights.Input("latents", [2, 4, 8, 8]), 500, text);
        if (tokens is null) return input;
        var added = new Dictionary<string, IReadOnlyList<AddedContext>> { [layer] = [tokens] };
        return input with { AttentionEdits = new AttentionEdits { AddedContext = added } };
    }

    private static AddedContext Tokens(long batch) => new(Input("keys", batch, 4, 32), Input("values", batch, 4, 32));

    private static Conditioning Text(long batch, string name = "t") => new(Input(name, batch, 3, 12));

    private static Tensor Input(string name, params long[] shape) => FormulaWeights.Input(name, shape);

    private static void Close(Tensor one, Tensor other) => Assert.InRange((one - other).abs().max().item<float>(), 0, 2e-5f);

    private static void Differ(Tensor one, Tensor other) => Assert.True((one - other).abs().max().item<float>() > 1e-4f);
}
