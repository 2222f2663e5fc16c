using System.Globalization;
using System.Text.RegularExpressions;

namespace LatentDiffusion.Models;

/// <summary>A ControlNet in one file with the original names (Zhang et al. 2023).</summary>
internal static partial class LdmControlNet
{
    private const string Hint = "controlnet_cond_embedding.", Types = "task_embedding";

    /// <summary>Heads of the transformer of union ControlNets, which no shape shows.</summary>
    private const int UnionHeads = 8;

    /// <summary>Whether it is a union ControlNet.</summary>
    public static bool IsUnion(Dictionary<string, TensorEntry> stored) => stored.ContainsKey(Types);

    /// <summary>The network's tensors.</summary>
    /// <param name="stored">The ControlNet's tensors, by their names without the prefix.</param>
    public static IEnumerable<MappedTensor> Tensors(Dictionary<string, TensorEntry> stored)
    {
        int last = stored.Keys.Max(name => Convolution(name)) ?? 0;
        return new LdmUNet(stored).Tensors().Select(tensor => tensor with { Name = Ours(tensor.Name, last) });
    }

    /// <summary>The configuration, from the shapes of the tensors.</summary>
    /// <param name="network">The tensors under our names.</param>
    public static ControlNetConfig Infer(ITensorSource network) => Infer(network, new ControlNetConfig());

    /// <summary>The configuration of a union ControlNet, from the shapes of the tensors.</summary>
    /// <param name="network">The tensors under our names.</param>
    public static ControlNetUnionConfig InferUnion(ITensorSource network)
    {
        if (network.Find(Types) is not { Shape: [var types, var width] } || types > int.MaxValue || width > int.MaxValue)
            throw new CheckpointException(network.Path, $"'{Types}' of its union ControlNet is not a matrix of control types.");
        int layers = 0;
        while (network.Find($"transformer_layes.{layers}.attn.in_proj_weight") is not null) layers++;
        var config = new ControlNetUnionConfig
        {
            NumControlType = (int)types, NumTransChannel = (int)width, NumProjChannel = (int)width, NumTransHead = UnionHeads,
            NumTransLayer = layers,
        };
        return (ControlNetUnionConfig)Infer(network, config);
    }

    private static ControlNetConfig Infer(ITensorSource network, ControlNetConfig config)
    {
        UNet2DConditionConfig encoder = new LdmUNetConfig(network).InferEncoder();
        var hint = new List<int>();
        if (network.Find($"{Hint}conv_in.weight") is not { Shape: [var first, var channels, ..] })
            throw new CheckpointException(
                network.Path, "its ControlNet lacks the convolutions of a control image, from which its configuration follows.");
        hint.Add((int)first);
        // The second convolution of each pair has the channels of the next pair.
        for (int i = 1; network.Find($"{Hint}blocks.{i}.weight") is { Shape: [var next, ..] }; i += 2) hint.Add((int)next);
        return config with
        {
            InChannels = encoder.InChannels, ConditioningChannels = (int)channels, ConditioningEmbeddingOutChannels = [.. hint],
            BlockOutChannels = encoder.BlockOutChannels, DownBlockTypes = encoder.DownBlockTypes, MidBlockType = encoder.MidBlockType,
            LayersPerBlock = encoder.LayersPerBlock, TransformerLayersPerBlock = encoder.TransformerLayersPerBlock,
            CrossAttentionDim = encoder.CrossAttentionDim, AttentionHeadDim = encoder.AttentionHeadDim,
            UseLinearProjection = encoder.UseLinearProjection, UpcastAttention = encoder.UpcastAttention,
            AdditionEmbedType = encoder.AdditionEmbedType, AdditionTimeEmbedDim = encoder.AdditionTimeEmbedDim,
            ProjectionClassEmbeddingsInputDim = encoder.ProjectionClassEmbeddingsInputDim,
        };
    }

    private static string Ours(string name, int last)
    {
        if (Convolution(name) is not { } index)
            return Middle().Replace(Zero().Replace(name, "controlnet_down_blocks.$1."), "controlnet_mid_block.");
        string ours = index == 0 ? "conv_in" : index == last ? "conv_out" : $"blocks.{index / 2 - 1}";
        return $"{Hint}{ours}.{name[(name.LastIndexOf('.') + 1)..]}";
    }

    /// <summary>Index of a convolution of the control image; every other layer there is an activation.</summary>
    private static int? Convolution(string name) =>
        HintLayer().Match(name) is { Success: true } match
        && int.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out int index) ? index : null;

    [GeneratedRegex(@"^input_hint_block\.(\d+)\.(weight|bias)$")]
    private static partial Regex HintLayer();

    [GeneratedRegex(@"^zero_convs\.(\d+)\.0\.")]
    private static partial Regex Zero();

    [GeneratedRegex(@"^middle_block_out\.0\.")]
    private static partial Regex Middle();
}
