namespace LatentDiffusion.Networks;

/// <summary>Settings shared by the spatial transformers of one resolution.</summary>
/// <param name="Heads">Number of attention heads.</param>
/// <param name="ContextChannels">Width of the text.</param>
/// <param name="Groups">Groups of the normalisation in front.</param>
/// <param name="LinearProjection">Whether they project with linear layers instead of convolutions.</param>
/// <param name="OnlyCrossAttention">Whether self-attention looks at the text instead.</param>
/// <param name="Upcast">Whether attention is computed in float32.</param>
/// <param name="Dropout">Probability of dropping a value in training.</param>
internal sealed record TransformerOptions(
    int Heads, int ContextChannels, int Groups, bool LinearProjection, bool OnlyCrossAttention, bool Upcast, double Dropout);
