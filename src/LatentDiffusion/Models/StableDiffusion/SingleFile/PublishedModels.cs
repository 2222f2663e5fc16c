using System.Text.Json.Nodes;

namespace LatentDiffusion.Models;

/// <summary>Published settings of each model, for files that hold only weights.</summary>
internal static class PublishedModels
{
    /// <summary>Class of the pipeline that a model belongs to.</summary>
    public static string PipelineClass(UNet2DConditionConfig config, bool xl, bool refiner)
    {
        string family = xl ? "StableDiffusionXL" : "StableDiffusion";
        if (refiner) return family + "Img2ImgPipeline";
        return family + config.InChannels switch { 8 => "InstructPix2PixPipeline", 9 => "InpaintPipeline", _ => "Pipeline" };
    }

    /// <summary>The scale of the latents of a model without an autoencoder; null where it is not known.</summary>
    public static double? LatentScalingFactor(UNet2DConditionConfig config, SchedulerConfig scheduler) =>
        config.AdditionEmbedType == "text_time" && SchedulerClasses.FamilyOf(scheduler) == SchedulerFamily.Discrete
            ? PublishedLatents.StableDiffusionXL.ScalingFactor
            : null;

    /// <summary>The settings of the folder of a model.</summary>
    /// <param name="xl">Whether it is of the XL family.</param>
    /// <param name="refiner">Whether it is XL's refiner.</param>
    public static JsonObject Settings(bool xl, bool refiner)
    {
        var settings = new JsonObject();
        if (xl) settings[StableDiffusionFamily.ForceZeros] = !refiner;
        // The base pipeline has no such option, and warns of it.
        if (refiner) settings[StableDiffusionFamily.AestheticsScore] = true;
        return settings;
    }

    /// <summary>The scheduler that a family was published with.</summary>
    /// <param name="xl">Whether it is of the XL family.</param>
    /// <param name="consistency">Whether it is a latent consistency model, which has learned the guidance scale.</param>
    /// <param name="prediction">Its prediction type.</param>
    public static SchedulerConfig Scheduler(bool xl, bool consistency, PredictionType prediction)
    {
        SchedulerConfig config = SchedulerConfig.Empty
            .With("beta_schedule", "scaled_linear").With("beta_start", 0.00085).With("beta_end", 0.012).With("num_train_timesteps", 1000)
            .With("clip_sample", false).With("set_alpha_to_one", false).With("skip_prk_steps", true).With("steps_offset", 1)
            .With("prediction_type", prediction switch
            {
                PredictionType.Velocity => "v_prediction",
                PredictionType.Sample => "sample",
                PredictionType.Flow => "flow_prediction",
                _ => "epsilon",
            });
        if (xl) config = config.With("timestep_spacing", "leading");
        // The published files have options of several classes, so that the class comes last.
        if (consistency) return config.WithClass(LcmScheduler.ClassName);
        return config.WithClass(xl ? "EulerDiscreteScheduler" : prediction == PredictionType.Velocity ? "DDIMScheduler" : "PNDMScheduler");
    }
}
