using System.Collections.Immutable;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>Configuration of <see cref="ZImageTransformer2DModel"/>, with the published names and defaults.</summary>
public sealed record ZImageTransformerConfig : NetworkConfig
{
    /// <summary>Side of a patch in latents; one entry. Default 2.</summary>
    public ImmutableArray<int> AllPatchSize { get; init; } = [2];

    /// <summary>Frames of a patch; one entry, 1.</summary>
    public ImmutableArray<int> AllFPatchSize { get; init; } = [1];

    /// <summary>Channels of the latents. Default 16.</summary>
    public int InChannels { get; init; } = 16;

    /// <summary>Width of the tokens. Default 3840.</summary>
    public int Dim { get; init; } = 3840;

    /// <summary>Blocks over image and caption together. Default 30.</summary>
    public int NLayers { get; init; } = 30;

    /// <summary>Blocks over each of them before. Default 2.</summary>
    public int NRefinerLayers { get; init; } = 2;

    /// <summary>Number of attention heads. Default 30.</summary>
    public int NHeads { get; init; } = 30;

    /// <summary>Number of heads of keys and values, which is that of queries. Default 30.</summary>
    public int NKvHeads { get; init; } = 30;

    /// <summary>Added to the mean square of the normalisations. Default 1e-5.</summary>
    public double NormEps { get; init; } = 1e-5;

    /// <summary>Whether queries and keys are normalised. Default true.</summary>
    public bool QkNorm { get; init; } = true;

    /// <summary>Width of the caption's hidden states. Default 2560.</summary>
    public int CapFeatDim { get; init; } = 2560;

    /// <summary>Width of image features for editing; only null is supported.</summary>
    public int? SiglipFeatDim { get; init; }

    /// <summary>Base of the rotary frequencies. Default 256.</summary>
    public double RopeTheta { get; init; } = 256;

    /// <summary>Timesteps in [0, 1] are multiplied by this. Default 1000.</summary>
    public double TScale { get; init; } = 1000;

    /// <summary>Channels of a head for each axis of positions, together the width of a head. Default 32, 48 and 48.</summary>
    public ImmutableArray<int> AxesDims { get; init; } = [32, 48, 48];

    /// <summary>Positions that each axis has: tokens of the caption, rows and columns. Default 1024, 512 and 512.</summary>
    public ImmutableArray<int> AxesLens { get; init; } = [1024, 512, 512];

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="InvalidDataException">The text is not such a configuration, or its options contradict each other.</exception>
    /// <exception cref="NotSupportedException">It is the configuration of another class; the message names it.</exception>
    public static ZImageTransformerConfig FromJson(string json) =>
        ModelConfigJson.Read<ZImageTransformerConfig>(json, nameof(ZImageTransformer2DModel));

    /// <summary>Builds the network, initialised at random.</summary>
    public ZImageTransformer2DModel Build() => new(this);

    /// <inheritdoc cref="UNet2DConditionConfig.BuildUninitialized"/>
    public ZImageTransformer2DModel BuildUninitialized(Device? device = null, ScalarType type = ScalarType.Float32) =>
        new(this, LayerFactory.Uninitialized(device, type));

    /// <inheritdoc/>
    protected internal override void Check()
    {
        const int MostPatch = 64;
        ConfigRules.Positive("in_channels, dim, n_heads or cap_feat_dim", InChannels, Dim, NHeads, CapFeatDim);
        ConfigRules.Divides("n_heads", NHeads, "dim", Dim);
        TransformerRules.CheckBlocks("n_layers", NLayers);
        TransformerRules.CheckBlocks("n_refiner_layers", NRefinerLayers);
        TransformerRules.CheckAxes("axes_dims", AxesDims, 3, Dim / NHeads);
        ConfigRules.Positive("axes_lens", AxesLens);
        if (AxesLens.Length != AxesDims.Length)
            throw new ArgumentException($"axes_lens lists {AxesLens.Length} axes, and axes_dims {AxesDims.Length}; they must agree.");
        ConfigRules.Range("all_patch_size", 1, MostPatch, AllPatchSize);
        ConfigRules.Factor("rope_theta", RopeTheta);
        ConfigRules.Factor("t_scale", TScale);
        ConfigRules.NotNegative("norm_eps", NormEps);
    }
}
