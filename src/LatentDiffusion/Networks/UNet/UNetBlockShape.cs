namespace LatentDiffusion;

/// <summary>What the blocks of one U-Net share, and what one resolution has of its own.</summary>
/// <param name="TimeChannels">Width of the time embedding.</param>
/// <param name="Groups">Groups of the normalisations.</param>
/// <param name="Eps">Their epsilon.</param>
/// <param name="ScaleShift">Whether the time embedding modulates instead of being added.</param>
/// <param name="Dropout">Probability of dropping a value in training.</param>
/// <param name="LinearProjection">Whether spatial transformers project with linear layers.</param>
/// <param name="Heads">Attention heads of this resolution.</param>
/// <param name="ContextChannels">Width of the text for this resolution.</param>
/// <param name="TransformerLayers">Transformer blocks of each spatial transformer here; 0 for a resolution without attention.</param>
/// <param name="OnlyCrossAttention">Whether self-attention looks at the text instead.</param>
internal sealed record UNetBlockShape(
    int TimeChannels, int Groups, double Eps, bool ScaleShift, double Dropout, bool LinearProjection,
    int Heads, int ContextChannels, int TransformerLayers, bool OnlyCrossAttention)
{
    public static UNetBlockShape Of(UNet2DConditionConfig config, int block, bool attention) => new(
        config.BlockOutChannels[0] * 4, config.NormNumGroups, config.NormEps, config.ResnetTimeScaleShift == "scale_shift", config.Dropout,
        config.UseLinearProjection, config.Heads(block), config.CrossAttentionDim[block],
        attention ? config.TransformerLayersPerBlock[block] : 0, config.OnlyCrossAttention[block]);

    public ResnetBlock2D Resnet(int inChannels, int outChannels) => new(inChannels, outChannels, Groups, Eps, TimeChannels, ScaleShift, Dropout);

    public Transformer2DModel Transformer(int channels) =>
        new(channels, Heads, TransformerLayers, ContextChannels, Groups, LinearProjection, OnlyCrossAttention, Dropout);
}
