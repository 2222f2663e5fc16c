using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>The adversarial part of an autoencoder's objective.</summary>
internal static class AdversarialSetup
{
    // Published names of the modules from latents to pixels.
    private static readonly string[] s_decoding = ["post_quant_conv", "decoder"];

    /// <summary>The adversarial loss, if any, and the components that are trained.</summary>
    /// <exception cref="ArgumentException">There is a discriminator and no weight for it, or a weight and no discriminator.</exception>
    public static (AdversarialLoss? Loss, IReadOnlyDictionary<string, nn.Module> Modules) Create(
        nn.Module autoencoder, PatchDiscriminator? discriminator, AutoencoderTrainingOptions options)
    {
        if (options.AdversarialWeight > 0 != discriminator is not null)
        {
            throw new ArgumentException(
                $"AdversarialWeight is {options.AdversarialWeight}, and a discriminator is {(discriminator is null ? "not " : "")}given; "
                + "expected both or neither.", nameof(options));
        }

        var modules = new Dictionary<string, nn.Module>();
        if (options.TrainEncoder) modules.Add("vae", autoencoder);
        else foreach ((string name, nn.Module part) in autoencoder.named_children())
            if (s_decoding.Contains(name)) modules.Add($"vae.{name}", part);

        if (discriminator is null) return (null, modules);
        modules.Add("discriminator", discriminator);
        return (new AdversarialLoss(discriminator, autoencoder, options), modules);
    }
}
