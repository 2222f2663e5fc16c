using System.Globalization;
using LatentDiffusion.Models;

namespace FineTune;

/// <summary>Checks settings against the model.</summary>
internal static class ModelRules
{
    /// <exception cref="ArgumentException">A setting does not suit the model; the message names it and what was expected.</exception>
    public static void Check(FineTuneSettings settings, TunedModel model)
    {
        int step = settings.Data.Buckets ? settings.Data.BucketStep : settings.Data.Size!.Value;
        int factor = model.Parts.Autoencoder.DownsamplingFactor * model.Parts.Denoiser.Description.PatchSize;
        if (step % factor != 0)
        {
            string name = settings.Data.Buckets ? "data.bucket_step" : "data.size";
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture, $"{name} is {step}; expected a multiple of {factor}, by which the model divides images."));
        }

        if (settings.Objective.TrainTextEncoder && model.Parts.Texts is null)
        {
            throw new ArgumentException(
                $"objective.train_text_encoder is true, and the text encoders of {model.Components.Family.Name} are not trained; "
                + "expected false.");
        }

        bool needsUNet = settings.Data.Tags is not null || settings.Method is FineTuneMethod.TextualInversion or FineTuneMethod.ControlNet;
        if (needsUNet && model.Components.Family != ModelFamilies.StableDiffusion)
        {
            string what = settings.Data.Tags is not null ? "data.tags is given" : $"method is {SettingsRules.Name(settings.Method)}";
            throw new ArgumentException($"{what}, and the model is of {model.Components.Family.Name}; expected a Stable Diffusion model.");
        }

        if (settings.Output.Form == OutputForm.SingleFile && model.Components.Family != ModelFamilies.StableDiffusion)
        {
            throw new ArgumentException(
                $"output.form is single_file, and {model.Components.Family.Name} models are not written as one; expected folder.");
        }
    }
}
