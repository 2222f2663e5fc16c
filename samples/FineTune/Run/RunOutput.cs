using static TorchSharp.torch;

namespace FineTune;

/// <summary>Writes the result of a run to its folder.</summary>
internal static class RunOutput
{
    /// <returns>Path of the result.</returns>
    public static string Write(RunContext context, TrainedMethod method)
    {
        string folder = context.Run.Model;
        if (context.Settings.Output.Form != OutputForm.Folder) Directory.CreateDirectory(folder);
        return method.Write(folder, context.Settings.Output.Precision switch
        {
            OutputPrecision.Float16 => ScalarType.Float16,
            OutputPrecision.BFloat16 => ScalarType.BFloat16,
            _ => ScalarType.Float32,
        });
    }
}
