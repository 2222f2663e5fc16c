namespace LatentDiffusion.Denoising;

/// <summary>What becomes of the padding of a prompt that is shorter than the window.</summary>
public enum TextPadding
{
    /// <summary>Tokens attend to padding, and the denoiser reads it like tokens: Stable Diffusion 3, FLUX.1.</summary>
    Attended,

    /// <summary>Tokens do not attend to padding, and the conditioning has a mask of it.</summary>
    Masked,

    /// <summary>The same, but the mask of the conditioning counts the first place of padding as a token: Chroma.</summary>
    MaskedExceptFirst,
}
