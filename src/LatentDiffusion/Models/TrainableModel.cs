namespace LatentDiffusion.Models;

/// <summary>The parts of a model that training reads, as its family makes them. They share the networks of the components.</summary>
public sealed record TrainableModel
{
    /// <summary>The denoiser, whose network is trained.</summary>
    public required ITrainableDenoiser Denoiser { get; init; }

    /// <summary>The autoencoder, of which a <see cref="LatentCache"/> of the model keeps the scaled latents.</summary>
    public required IAutoencoder Autoencoder { get; init; }

    /// <summary>
    /// Shift and scale of the autoencoder's latents, for caches of those that its network gives. Null, the default, where two numbers do
    /// not say it: caches then keep scaled latents.
    /// </summary>
    public LatentScaling? Scaling { get; init; }

    /// <summary>The tokenizer whose token ids a cache of the model keeps; null, the default, for none.</summary>
    public ITokenizer? Tokenizer { get; init; }

    /// <summary>The tokenizer of a second text encoder; null, the default, for none.</summary>
    public ITokenizer? SecondTokenizer { get; init; }

    /// <summary>Whether the denoiser reads the sizes of images, which a cache of the model then keeps. Default false.</summary>
    public bool ReadsSizes { get; init; }

    /// <summary>
    /// The texts of a cache's rows, from token ids that it keeps, and whether the text encoders are trained. Null, the default,
    /// where an objective needs an <see cref="ITextConditioning"/> of the application.
    /// </summary>
    public Func<LatentCache, bool, ITextConditioning>? Texts { get; init; }
}
