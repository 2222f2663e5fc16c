using System.Collections.Immutable;

namespace LatentDiffusion;

/// <summary>The configuration of a U-Net whose file has none, from the shapes of its tensors.</summary>
/// <param name="network">Its tensors under our names.</param>
internal sealed class LdmUNetConfig(ITensorSource network)
{
    /// <summary>Heads of 1.x, which no shape shows; later families have heads of a fixed width instead.</summary>
    private const int HeadsOf1 = 8, HeadWidth = 64;

    /// <summary>Width of the embedding of each of XL's numbers, which no shape shows either.</summary>
    private const int SizeWidth = 256;

    private const string Middle = "mid_block.attentions.0";

    public UNet2DConditionConfig Infer()
    {
        ImmutableArray<int> channels = [.. Levels("down_blocks.{0}.resnets.0.conv2.weight").Select(shape => (int)shape[0])];
        int blocks = channels.Length;
        bool[] down = [.. Enumerable.Range(0, blocks).Select(i => HasAttention($"down_blocks.{i}"))];
        bool[] up = [.. Enumerable.Range(0, blocks).Select(i => HasAttention($"up_blocks.{i}"))];
        bool linear = Shape($"{Middle}.proj_in.weight").Count == 2, added = network.Find("add_embedding.linear_1.weight") is not null;
        bool second = linear && !added;
        ImmutableArray<int> layers = [.. Enumerable.Range(0, blocks).Select(i => Count($"down_blocks.{i}.resnets.{{0}}.conv1.weight"))];
        ImmutableArray<int> depths = [.. Enumerable.Range(0, blocks).Select(i => down[i] ? Depth($"down_blocks.{i}.attentions.0") : 1)];
        return new UNet2DConditionConfig
        {
            SampleSize = added ? 128 : second ? 96 : 64,
            InChannels = (int)Shape("conv_in.weight")[1],
            OutChannels = (int)Shape("conv_out.weight")[0],
            BlockOutChannels = channels,
            DownBlockTypes = [.. down.Select(has => has ? "CrossAttnDownBlock2D" : "DownBlock2D")],
            UpBlockTypes = [.. up.Select(has => has ? "CrossAttnUpBlock2D" : "UpBlock2D")],
            LayersPerBlock = Same(layers),
            TransformerLayersPerBlock = WithMiddle(depths),
            CrossAttentionDim = (int)Shape($"{Middle}.transformer_blocks.0.attn2.to_k.weight")[1],
            AttentionHeadDim = linear ? new PerBlock<int>([.. channels.Select(c => Math.Max(c / HeadWidth, 1))]) : HeadsOf1,
            UseLinearProjection = linear,
            UpcastAttention = second,
            AdditionEmbedType = added ? "text_time" : null,
            AdditionTimeEmbedDim = added ? SizeWidth : null,
            ProjectionClassEmbeddingsInputDim = added ? (int)Shape("add_embedding.linear_1.weight")[1] : null,
        };
    }

    /// <summary>The lowest resolution may have no attention, and its number is then the middle's.</summary>
    private TransformerLayers WithMiddle(ImmutableArray<int> depths) => Same(
        HasAttention($"down_blocks.{depths.Length - 1}") ? depths : depths.SetItem(depths.Length - 1, Depth(Middle)));

    private bool HasAttention(string block) => network.Find($"{block}.attentions.0.norm.weight") is not null;

    private int Depth(string attention) => Count(attention + ".transformer_blocks.{0}.norm1.weight");

    private int Count(string format) => Levels(format).Count();

    private IEnumerable<IReadOnlyList<long>> Levels(string format)
    {
        for (int i = 0; network.Find(string.Format(null, format, i)) is { } entry; i++) yield return entry.Shape;
    }

    private static PerBlock<int> Same(ImmutableArray<int> values) => values.Distinct().Count() == 1 ? values[0] : new PerBlock<int>(values);

    private IReadOnlyList<long> Shape(string name) => network.Find(name)?.Shape is { Count: >= 2 } shape
        ? shape
        : throw new CheckpointException(network.Path, $"its U-Net has no matrix '{name}', from which its configuration would follow.");
}
