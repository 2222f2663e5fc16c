using System.Globalization;
using System.Text.Json;

namespace FineTune;

/// <summary>Checks settings against one another.</summary>
internal static class SettingsRules
{
    private static readonly Dictionary<FineTuneMethod, OutputForm[]> s_forms = new()
    {
        [FineTuneMethod.Lora] = [OutputForm.Peft, OutputForm.Kohya], [FineTuneMethod.Full] = [OutputForm.Folder, OutputForm.SingleFile],
        [FineTuneMethod.TextualInversion] = [OutputForm.Embedding], [FineTuneMethod.ControlNet] = [OutputForm.Folder],
    };

    /// <exception cref="ArgumentException">Two settings contradict each other; the message names both.</exception>
    public static void Check(FineTuneSettings settings)
    {
        FineTuneMethod method = settings.Method;
        if (!s_forms[method].Contains(settings.Output.Form))
        {
            throw new ArgumentException(
                $"output.form is {Name(settings.Output.Form)}, and method is {Name(method)}; "
                + $"expected {string.Join(" or ", s_forms[method].Select(Name))}.");
        }

        Only(settings.Lora is not null, "\"lora\" (or --rank, --alpha)", method, FineTuneMethod.Lora);
        Only(settings.Tokens is not null, "\"tokens\" (or --token)", method, FineTuneMethod.TextualInversion);
        Only(settings.Edges is not null, "\"edges\"", method, FineTuneMethod.ControlNet);
        Only(settings.Prior is not null, "\"prior\" (or --class-prompt)", method, FineTuneMethod.Lora, FineTuneMethod.Full);
        Only(
            settings.Objective.TrainTextEncoder, "train_text_encoder", method, FineTuneMethod.Lora, FineTuneMethod.Full);
        if (method == FineTuneMethod.TextualInversion && settings.Tokens is not { Count: > 0 })
        {
            throw new ArgumentException(
                "method is textual_inversion, and no token is given: expected --token and --initial-text, or \"tokens\".");
        }

        if (settings.Edges is { } edges && edges.High < edges.Low)
            throw new ArgumentException($"edges.high is {edges.High}; expected at least edges.low, {edges.Low}.");
        if (settings.Validation.EffectImages == 1)
            throw new ArgumentException("validation.effect_images is 1; expected 0, or at least 2, because a set is compared.");
        DataSettings data = settings.Data;
        if (data is { Buckets: true, Size: { } size } && size % data.BucketStep != 0)
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture, $"data.size is {size}; expected a multiple of data.bucket_step, {data.BucketStep}."));
        }

        if (data.Path == "") throw new ArgumentException("data.path is empty; expected a folder or Parquet files.");
    }

    /// <summary>The name of a value in JSON.</summary>
    public static string Name<T>(T value) where T : struct, Enum =>
        JsonSerializer.SerializeToNode(value, SettingsJson.Options)!.GetValue<string>();

    private static void Only(bool given, string setting, FineTuneMethod method, params FineTuneMethod[] expected)
    {
        if (given && !expected.Contains(method))
        {
            throw new ArgumentException(
                $"The settings have {setting}, and method is {Name(method)}; expected {string.Join(" or ", expected.Select(Name))}.");
        }
    }
}
