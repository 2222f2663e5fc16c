namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>How an image gets the size of the result, as the web UI numbers it.</summary>
internal enum ResizeMode
{
    /// <summary>Width and height are scaled separately.</summary>
    Stretch,

    /// <summary>Covers the size and is cropped.</summary>
    Crop,

    /// <summary>Fits into the size; the rest repeats the image's edges.</summary>
    Fill,

    /// <summary>The latents are resized. Not supported.</summary>
    Latent,
}
