using System.Collections.Immutable;

namespace LatentDiffusion.Models;

/// <summary>The configuration of a U-Net whose file has none, from the shapes of its tensors.</summary>
/// <param name="network">Its tensors under our names.</param>
internal sealed class LdmUNetConfig(ITensorSource network)
{
    /// <summary>Heads of 1.x, which no shape shows; later families have heads of a fixed width instead.</summary>
    private const int HeadsOf1 = 8, HeadWidth = 64;

    /// <summary>Width of the embedding of each of XL's numbers, which no shape shows either.</summary>
    private const int SizeWidth = 256;

    /// <summary>Width of XL's texts, which the shapes of its small ControlNets do not show: those have no attention to the text.</summary>
    private const int TextWidthOfXL = 2048;

    private const string Middle = "mid_block", GuidanceWeight = "time_embedding.cond_proj.weight";

    /// <summary>The whole network.</summary>
    public UNet2DConditionConfig Infer()
    {
        UNet2DConditionConfig encoder = InferEncoder();
        int blocks = encoder.BlockOutChannels.Length;
        ImmutableArray<PerBlock<int>> up = [.. Enumerable.Range(0, blocks).Select(i => Depths($"up_blocks.{i}"))];
        return encoder with
        {
            OutChannels = (int)Shape("conv_out.weight")[0],
            UpBlockTypes =
            [
                .. Enumerable.Range(0, blocks).Select(i => HasAttention($"up_blocks.{i}") ? "CrossAttnUpBlock2D" : "UpBlock2D"),
            ],
            ReverseTransformerLayersPerBlock = IsReverse(up, encoder.TransformerLayersPerBlock) ? null : Same(up),
        };
    }

    /// <summary>The way down and the middle, which ControlNets have too.</summary>
    public UNet2DConditionConfig InferEncoder()
    {
        ImmutableArray<int> channels =
        [
            .. Levels("down_blocks.{0}.resnets.0.conv2.weight").TakeWhile(shape => shape.Count > 0).Select(shape => (int)shape[0]),
        ];
        int blocks = channels.Length;
        if (blocks == 0) throw Missing("down_blocks.0.resnets.0.conv2.weight");
        bool added = network.Find("add_embedding.linear_1.weight") is not null;
        bool linear = FindFirst(".attentions.0.proj_in.weight") is { } projection ? projection.Count == 2 : added;
        bool second = linear && !added;
        IReadOnlyList<long>? keys = FindFirst(".transformer_blocks.0.attn2.to_k.weight");
        ImmutableArray<int> layers = [.. Enumerable.Range(0, blocks).Select(i => Count($"down_blocks.{i}.resnets.{{0}}.conv1.weight"))];
        return new UNet2DConditionConfig
        {
            SampleSize = added ? 128 : second ? 96 : 64,
            InChannels = (int)Shape("conv_in.weight")[1],
            BlockOutChannels = channels,
            DownBlockTypes =
            [
                .. Enumerable.Range(0, blocks).Select(i => HasAttention($"down_blocks.{i}") ? "CrossAttnDownBlock2D" : "DownBlock2D"),
            ],
            MidBlockType = HasAttention(Middle) ? UNetConfigRules.CrossAttentionMiddle
                : network.Find($"{Middle}.resnets.0.conv1.weight") is not null ? UNetConfigRules.PlainMiddle : null,
            LayersPerBlock = layers.Distinct().Count() == 1 ? layers[0] : new PerBlock<int>(layers),
            TransformerLayersPerBlock = WithMiddle([.. Enumerable.Range(0, blocks).Select(i => Depths($"down_blocks.{i}"))]),
            CrossAttentionDim = keys is null && added
                ? TextWidthOfXL
                : (int)(keys ?? throw Missing("*.transformer_blocks.0.attn2.to_k.weight"))[1],
            AttentionHeadDim = linear ? new PerBlock<int>([.. channels.Select(c => Math.Max(c / HeadWidth, 1))]) : HeadsOf1,
            UseLinearProjection = linear,
            UpcastAttention = second,
            TimeCondProjDim = network.Find(GuidanceWeight) is null ? null : (int)Shape(GuidanceWeight)[1],
            AdditionEmbedType = added ? "text_time" : null,
            AdditionTimeEmbedDim = added ? SizeWidth : null,
            ProjectionClassEmbeddingsInputDim = added ? (int)Shape("add_embedding.linear_1.weight")[1] : null,
        };
    }

    /// <summary>Whether the way up has the depths of the way down. Blocks without attention are not compared.</summary>
    private bool IsReverse(ImmutableArray<PerBlock<int>> up, TransformerLayers down) => Enumerable.Range(0, up.Length).All(i =>
    {
        PerBlock<int> mirrored = down[up.Length - 1 - i];
        return !mirrored.IsList && (!HasAttention($"up_blocks.{i}") || up[i] == mirrored);
    });

    /// <summary>The lowest resolution may have no attention, and its number is then the middle's.</summary>
    private TransformerLayers WithMiddle(ImmutableArray<PerBlock<int>> depths)
    {
        int last = depths.Length - 1;
        return Same(HasAttention($"down_blocks.{last}") || !HasAttention(Middle) ? depths : depths.SetItem(last, Depths(Middle)));
    }

    /// <summary>
    /// Transformer blocks in each spatial transformer of a block: one number if all have as many, 1 without attention.
    /// </summary>
    private PerBlock<int> Depths(string block)
    {
        ImmutableArray<int> depths = [.. Enumerable.Range(0, Count(block + ".attentions.{0}.norm.weight"))
            .Select(i => Count($"{block}.attentions.{i}.transformer_blocks.{{0}}.norm1.weight"))];
        return depths.Distinct().Count() > 1 ? new PerBlock<int>(depths) : depths.FirstOrDefault(1);
    }

    private bool HasAttention(string block) => network.Find($"{block}.attentions.0.norm.weight") is not null;

    private int Count(string format) => Levels(format).Count();

    private IEnumerable<IReadOnlyList<long>> Levels(string format)
    {
        for (int i = 0; network.Find(string.Format(null, format, i)) is { } entry; i++) yield return entry.Shape;
    }

    private static TransformerLayers Same(ImmutableArray<PerBlock<int>> depths) => new(depths.Distinct().Count() == 1 && !depths[0].IsList
        ? new PerBlock<PerBlock<int>>(depths[0])
        : new PerBlock<PerBlock<int>>(depths));

    private IReadOnlyList<long> Shape(string name) => network.Find(name)?.Shape is { Count: >= 2 } shape ? shape : throw Missing(name);

    /// <summary>The shape of a matrix; null where none has such a name.</summary>
    private IReadOnlyList<long>? FindFirst(string ending) =>
        network.Entries.FirstOrDefault(e => e.Name.EndsWith(ending, StringComparison.Ordinal))?.Shape is { Count: >= 2 } shape
            ? shape
            : null;

    private CheckpointException Missing(string name) =>
        new(network.Path, $"its U-Net has no matrix '{name}', from which its configuration follows.");
}
