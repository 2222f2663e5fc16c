namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>Hires fix: a second pass at a larger size.</summary>
internal static class HiresFields
{
    private const string Latent = "Latent", None = "None";
    private const int Downsampling = 8;

    /// <summary>The parameters with those of the second pass, if there is one.</summary>
    /// <param name="fields">The fields.</param>
    /// <param name="parameters">The parameters of the first pass.</param>
    public static WebUIParameters Read(FieldReader fields, WebUIParameters parameters)
    {
        bool enabled = fields.Flag("enable_hr", false);
        double scale = fields.Number("hr_scale", 1, 16, 2)!.Value;
        int maximum = RequestSettings.Width.Range!.Maximum;
        int x = fields.Integer("hr_resize_x", 0, maximum, 0)!.Value, y = fields.Integer("hr_resize_y", 0, maximum, 0)!.Value;
        int steps = fields.Integer("hr_second_pass_steps", 0, RequestSettings.Steps.Range!.Maximum, 0)!.Value;
        double strength = fields.Number("denoising_strength", 0, 1, 0.75)!.Value;
        string? upscaler = fields.Text("hr_upscaler");
        CheckPrompt(fields, "hr_prompt", parameters.Prompt, enabled);
        CheckPrompt(fields, "hr_negative_prompt", parameters.NegativePrompt, enabled);
        if (!enabled) return parameters;
        CheckUpscaler(fields, upscaler);
        if (strength == 0) fields.Add("denoising_strength", "0; expected more than 0 with enable_hr.");
        if (parameters is not { Width: > 0 and var width, Height: > 0 and var height })
        {
            fields.Add("width", "expected with height, because enable_hr needs the size of the first pass.", FieldError.Missing);
            return parameters;
        }

        if (x > 0 && y > 0 && Math.Abs((double)x * height - (double)y * width) >= Downsampling * (double)Math.Max(width, height))
            fields.Add("hr_resize_x", $"{x} x {y}; expected the aspect ratio of {width} x {height}.");
        return parameters with
        {
            DenoisingStrength = strength, HiresUpscaler = upscaler, HiresSteps = steps,
            HiresUpscale = x == 0 && y == 0 ? scale : null,
            HiresWidth = x == 0 && y == 0 ? null : x > 0 ? x : Multiple((double)y * width / height),
            HiresHeight = x == 0 && y == 0 ? null : y > 0 ? y : Multiple((double)x * height / width),
        };
    }

    /// <summary>Name of the pipeline's upscaler; null where the latents are enlarged.</summary>
    public static string? Upscaler(string? name) => name switch
    {
        null or "" or Latent => null,
        // A plain filter in the web UI, too.
        None => KnownUpscalers.Lanczos.Name,
        _ => name,
    };

    private static int Multiple(double pixels) => Math.Max((int)pixels / Downsampling, 1) * Downsampling;

    private static void CheckUpscaler(FieldReader fields, string? upscaler)
    {
        if (upscaler is not null && upscaler != Latent && upscaler.StartsWith(Latent + " (", StringComparison.Ordinal))
            fields.Add("hr_upscaler", $"'{MessageText.Truncate(upscaler, 100)}'; expected {Latent}, or the name of an upscaler.");
    }

    private static void CheckPrompt(FieldReader fields, string name, string first, bool enabled)
    {
        if (fields.Text(name, "") is { Length: > 0 } text && text != first && enabled)
            fields.Add(name, "another prompt in the second pass is not supported; expected an empty text.");
    }
}
