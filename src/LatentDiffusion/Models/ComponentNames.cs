namespace LatentDiffusion.Models;

/// <summary>Names that published folders give the components of a pipeline.</summary>
public static class ComponentNames
{
    /// <summary>A denoising U-Net.</summary>
    public const string UNet = "unet";

    /// <summary>A denoising transformer.</summary>
    public const string Transformer = "transformer";

    /// <summary>The autoencoder.</summary>
    public const string Autoencoder = "vae";

    /// <summary>The first or only text encoder.</summary>
    public const string TextEncoder = "text_encoder";

    /// <summary>The second text encoder.</summary>
    public const string TextEncoder2 = "text_encoder_2";

    /// <summary>The third text encoder.</summary>
    public const string TextEncoder3 = "text_encoder_3";

    /// <summary>The tokenizer of <see cref="TextEncoder"/>.</summary>
    public const string Tokenizer = "tokenizer";

    /// <summary>The tokenizer of <see cref="TextEncoder2"/>.</summary>
    public const string Tokenizer2 = "tokenizer_2";

    /// <summary>The tokenizer of <see cref="TextEncoder3"/>.</summary>
    public const string Tokenizer3 = "tokenizer_3";

    /// <summary>The first or only ControlNet.</summary>
    public const string ControlNet = "controlnet";

    /// <summary>The first or only T2I-Adapter.</summary>
    public const string Adapter = "adapter";
}
