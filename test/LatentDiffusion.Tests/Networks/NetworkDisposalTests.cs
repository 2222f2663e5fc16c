using System.Reflection;
using System.Runtime.InteropServices;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>A disposed network leaves nothing allocated: neither tensors nor the native modules of its layers.</summary>
public sealed class NetworkDisposalTests
{
    private const BindingFlags Internal = BindingFlags.Instance | BindingFlags.NonPublic;

    private static readonly UNet2DConditionConfig s_unet = new()
    {
        BlockOutChannels = [16, 16],
        DownBlockTypes = ["CrossAttnDownBlock2D", "DownBlock2D"],
        UpBlockTypes = ["UpBlock2D", "CrossAttnUpBlock2D"],
        NormNumGroups = 8, CrossAttentionDim = 8, AttentionHeadDim = 4, NumClassEmbeds = 3,
    };

    private static readonly Dictionary<string, Func<bool, nn.Module>> s_networks = new()
    {
        ["unet"] = random => random ? s_unet.Build() : s_unet.BuildUninitialized(),
        ["control"] = random => Control is var config && random ? config.Build() : Control.BuildUninitialized(),
        ["union"] = random => Union is var config && random ? config.Build() : Union.BuildUninitialized(),
        ["t2i"] = random => random ? Adapter.Build() : Adapter.BuildUninitialized(),
        ["kl"] = random => new AutoencoderKLConfig { BlockOutChannels = [32], NormNumGroups = 8 } is var config && random
            ? config.Build()
            : config.BuildUninitialized(),
        ["vq"] = random => new VQConfig { BlockOutChannels = [32], NormType = "spatial" } is var config && random
            ? config.Build()
            : config.BuildUninitialized(),
        ["tiny"] = random => Tiny is var config && random ? config.Build() : Tiny.BuildUninitialized(),
        ["t5"] = random => random ? T5.Build() : T5.BuildUninitialized(),
        ["qwen3"] = random => random ? Qwen3.Build() : Qwen3.BuildUninitialized(),
        ["flux2-vae"] = random => random ? Flux2Autoencoder.Build() : Flux2Autoencoder.BuildUninitialized(),
        ["asymmetric"] = random => Asymmetric is var config && random ? config.Build() : Asymmetric.BuildUninitialized(),
        ["consistency"] = random => Consistency is var config && random ? config.Build() : Consistency.BuildUninitialized(),
        ["sd3"] = random => random ? SD3.Build() : SD3.BuildUninitialized(),
        ["rrdb"] = random => new RRDBNet(new RRDBNetConfig(8, 4, 2, 2, 2), Layers(random)),
        ["compact"] = random => new SRVGGNetCompact(8, 2, 4, Layers(random)),
        ["text"] = random => Text is var config && random ? config.Build(projection: true) : Text.BuildUninitialized(projection: true),
    };

    public static TheoryData<string, bool> Networks =>
        [.. from name in s_networks.Keys from random in (bool[])[true, false] select (name, random)];

    private static ControlNetConfig Control => new()
    {
        BlockOutChannels = [16, 16], DownBlockTypes = ["CrossAttnDownBlock2D", "DownBlock2D"], NormNumGroups = 8, CrossAttentionDim = 6,
        AttentionHeadDim = 4, ConditioningEmbeddingOutChannels = [8, 8],
    };

    private static ControlNetUnionConfig Union => Pipelines.TinyControlNetUnions.Config;

    private static T2IAdapterConfig Adapter => new() { Channels = [8, 16], DownscaleFactor = 2 };

    private static AutoencoderTinyConfig Tiny => new()
    {
        EncoderBlockOutChannels = [8, 8], DecoderBlockOutChannels = [8, 8],
        NumEncoderBlocks = [1, 1], NumDecoderBlocks = [1, 1], UseMidblockGn = true,
    };

    private static ClipTextConfig Text => new()
    {
        VocabSize = 20, HiddenSize = 8, IntermediateSize = 16, NumHiddenLayers = 2,
        NumAttentionHeads = 2, MaxPositionEmbeddings = 8, ProjectionDim = 4,
    };

    private static AsymmetricAutoencoderKLConfig Asymmetric => AsymmetricAutoencoderTests.Config(levels: 2);

    private static ConsistencyDecoderVAEConfig Consistency => ConsistencyDecoderTests.Config;

    private static AutoencoderKLFlux2Config Flux2Autoencoder => new()
    {
        BlockOutChannels = [32], DownBlockTypes = ["DownEncoderBlock2D"], UpBlockTypes = ["UpDecoderBlock2D"], NormNumGroups = 8,
    };

    private static SD3TransformerConfig SD3 => new()
    {
        NumLayers = 2, AttentionHeadDim = 8, NumAttentionHeads = 2, CaptionProjectionDim = 16, JointAttentionDim = 12,
        PooledProjectionDim = 6, PosEmbedMaxSize = 8, DualAttentionLayers = [0], QkNorm = "rms_norm",
    };

    private static T5Config T5 => new()
    {
        VocabSize = 20, DModel = 8, DKv = 4, DFf = 16, NumLayers = 2, NumHeads = 2, FeedForwardProj = "gated-gelu",
    };

    private static Qwen3Config Qwen3 => new()
    {
        VocabSize = 20, HiddenSize = 8, IntermediateSize = 16, NumHiddenLayers = 2,
        NumAttentionHeads = 4, NumKeyValueHeads = 2, HeadDim = 4,
    };

    private static LayerFactory Layers(bool random) => random ? LayerFactory.Random : LayerFactory.Uninitialized(CPU, ScalarType.Float32);

    [Theory]
    [MemberData(nameof(Networks))]
    public void Every_native_module_and_tensor_is_released(string name, bool random)
    {
        nn.Module network = s_networks[name](random);
        nn.Module[] modules = [network, .. network.named_modules().Select(m => m.module)];
        Tensor[] tensors = [.. network.parameters(), .. network.buffers()];
        SafeHandle[] handles = [.. modules.Select(Handle)], boxed = [.. modules.Select(Boxed)];
        Assert.All(handles, handle => Assert.False(handle.IsInvalid));
        // TorchSharp's constructor of sequences leaks: layers are made without it.
        Assert.All(
            modules.Zip(boxed),
            m => Assert.True(m.Second.IsInvalid || m.First is TorchSharp.Modules.Embedding, m.First.GetType().Name));
        network.Dispose();
        // Counted one by one: TorchSharp's count of live tensors rises with every parameter that is made.
        Assert.All(tensors, tensor => Assert.True(tensor.IsInvalid));
        Assert.All(handles.Concat(boxed), handle => Assert.True(handle.IsInvalid));
    }

    [Fact]
    public void Layers_survive_the_scope_that_they_are_built_in()
    {
        UNet2DConditionModel network;
        using (NewDisposeScope()) network = s_unet.Build();
        using (network) Assert.All(network.parameters(), p => Assert.False(p.IsInvalid));
    }

    private static SafeHandle Handle(nn.Module module) => (SafeHandle)typeof(nn.Module).GetField("handle", Internal)!.GetValue(module)!;

    private static SafeHandle Boxed(nn.Module module)
    {
        object boxed = typeof(nn.Module).GetField("boxedModule", Internal)!.GetValue(module)!;
        return (SafeHandle)boxed.GetType().GetField("handle", Internal)!.GetValue(boxed)!;
    }
}
