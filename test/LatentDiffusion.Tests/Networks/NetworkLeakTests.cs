using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>An evaluation leaves no tensors except its results.</summary>
public sealed class NetworkLeakTests
{
    private static readonly UNet2DConditionConfig s_unet = new()
    {
        BlockOutChannels = [16, 16],
        DownBlockTypes = ["CrossAttnDownBlock2D", "AttnDownBlock2D"],
        UpBlockTypes = ["ResnetUpsampleBlock2D", "CrossAttnUpBlock2D"],
        NormNumGroups = 8, CrossAttentionDim = 8, AttentionHeadDim = 4, NumClassEmbeds = 3, ResnetTimeScaleShift = "scale_shift",
        CenterInputSample = true, EncoderHidDim = 6, AdditionEmbedType = "text", AdditionEmbedTypeNumHeads = 2, TimeCondProjDim = 4,
    };

    [Fact]
    public void UNet()
    {
        using UNet2DConditionModel network = s_unet.Build();
        AssertClean(Input, input => [network.call(input)]);
    }

    [Fact]
    public void ControlNet()
    {
        using ControlNetModel network = new ControlNetConfig
        {
            BlockOutChannels = [16, 16], DownBlockTypes = ["CrossAttnDownBlock2D", "DownBlock2D"], NormNumGroups = 8, CrossAttentionDim = 6,
            AttentionHeadDim = 4, ConditioningEmbeddingOutChannels = [8, 8],
            ControlnetConditioningChannelOrder = "bgr", GlobalPoolConditions = true,
        }.Build();
        AssertClean(() => new ControlNetInput(Input(), randn(1, 3, 16, 16)), input =>
        {
            ControlNetOutput output = network.call(input);
            return [.. output.DownResiduals, output.MiddleResidual];
        });
    }

    [Theory, InlineData("full_adapter"), InlineData("light_adapter")]
    public void T2IAdapter(string kind)
    {
        using T2IAdapterModel network = new T2IAdapterConfig { Channels = [8, 16], DownscaleFactor = 2, AdapterType = kind }.Build();
        AssertClean(() => randn(1, 3, 8, 8), image => [.. network.call(image)]);
        using UNet2DConditionModel unet = s_unet.Build();
        AssertClean(
            () => Input() with { AdapterResiduals = [randn(1, 16, 8, 8), randn(1, 16, 4, 4), randn(1, 16, 4, 4)] },
            input => [unet.call(input)]);
    }

    [Fact]
    public void Autoencoders()
    {
        using AutoencoderKL usual = new AutoencoderKLConfig { BlockOutChannels = [32], NormNumGroups = 8 }.Build();
        using VQModel codebook = new VQConfig { BlockOutChannels = [32], NormType = "spatial" }.Build();
        using AutoencoderTiny tiny = new AutoencoderTinyConfig
        {
            EncoderBlockOutChannels = [8, 8], DecoderBlockOutChannels = [8, 8],
            NumEncoderBlocks = [1, 1], NumDecoderBlocks = [1, 1], UseMidblockGn = true,
        }.Build();
        AssertClean(() => randn(1, 3, 8, 8), image => [usual.call(image), codebook.call(image), tiny.call(image)]);
    }

    [Fact]
    public void Decoders_with_further_inputs()
    {
        using AsymmetricAutoencoderKL asymmetric = AsymmetricAutoencoderTests.Make();
        using ConsistencyDecoderVAE consistency = ConsistencyDecoderTests.Make();
        AssertClean(
            () => (Image: randn(1, 3, 16, 16), Mask: ones(1, 1, 16, 16), Latents: randn(1, 4, 4, 4)),
            input =>
            [
                asymmetric.call(input.Image), asymmetric.Decode(input.Latents, input.Image, input.Mask), consistency.call(input.Image),
            ]);
    }

    [Fact]
    public void Text_encoders()
    {
        using T5EncoderModel t5 = new T5Config
        {
            VocabSize = 20, DModel = 8, DKv = 4, DFf = 16, NumLayers = 2, NumHeads = 2, FeedForwardProj = "gated-gelu",
        }.Build();
        using Qwen3Model qwen3 = new Qwen3Config
        {
            VocabSize = 20, HiddenSize = 8, IntermediateSize = 16, NumHiddenLayers = 3, NumAttentionHeads = 4, NumKeyValueHeads = 2,
            HeadDim = 4,
        }.Build();
        Tensor mask = tensor(new long[] { 1, 1, 0 }, [1, 3]);
        AssertClean(
            () => tensor(new long[] { 1, 2, 0 }, [1, 3]),
            ids => [t5.call(ids, null), t5.call(ids, mask), .. qwen3.HiddenStates(ids, mask, 0, 2, 2, 3), qwen3.call(ids, null)]);
    }

    private static UNetInput Input() => new(randn(1, 4, 8, 8), tensor(new[] { 5L }), randn(1, 4, 6))
    {
        ClassLabels = tensor(new[] { 2L }), Mask = ones(1, 4), TimestepCondition = randn(1, 4),
    };

    private static void AssertClean<T>(Func<T> make, Func<T, Tensor[]> evaluate)
    {
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        T input = make();
        int before = scope.DisposablesCount;
        Tensor[] outputs = evaluate(input);
        Assert.All(outputs, output => Assert.False(output.IsInvalid));
        Assert.Equal(before + outputs.Length, scope.DisposablesCount);
    }
}
