using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>An evaluation leaves nothing behind but what it gives.</summary>
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
