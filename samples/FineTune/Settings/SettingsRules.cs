using System.Globalization;

namespace FineTune;

/// <summary>Checks settings against one another.</summary>
internal static class SettingsRules
{
    /// <exception cref="ArgumentException">Two settings contradict each other; the message names both.</exception>
    public static void Check(FineTuneSettings settings)
    {
        bool adapters = settings.Method == FineTuneMethod.Lora;
        bool file = settings.Output.Form is OutputForm.Peft or OutputForm.Kohya;
        if (adapters != file)
        {
            throw new ArgumentException(
                $"output.form is {Name(settings.Output.Form)}, and method is {Name(settings.Method)}; expected "
                + (adapters ? "peft or kohya." : "folder or single_file."));
        }

        if (!adapters && settings.Lora is not null)
        {
            throw new ArgumentException(
                $"The settings have \"lora\" (or --rank, --alpha), and method is {Name(settings.Method)}; expected lora.");
        }

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
        System.Text.Json.JsonSerializer.SerializeToNode(value, SettingsJson.Options)!.GetValue<string>();
}
