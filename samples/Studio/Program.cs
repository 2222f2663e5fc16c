using LatentDiffusion;
using LatentDiffusion.Samples;
using Microsoft.Extensions.Options;
using Studio;

// Before anything computes: libtorch reads these settings when it is loaded.
CpuRuntime.Configure();
var options = new CommandLine();
options.Command.SetWork(async (parsed, _) =>
{
    StudioSettings settings = options.Read(parsed);
    try
    {
        return settings.IsWorker ? await StudioWorker.RunAsync(settings) : await StudioServer.RunAsync(settings);
    }
    catch (OptionsValidationException e)
    {
        // Of settings.json, of a variable, or of an option that depends on them.
        throw new ArgumentException(e.Message);
    }
    catch (InvalidOperationException e) when (e.Message.Contains(nameof(BinderOptions.ErrorOnUnknownConfiguration)))
    {
        throw new ArgumentException($"The settings have an unknown entry. {e.Message}");
    }
});
int exitCode = await options.Command.RunAsync(args, cancelled: "Stopped.", finishes: true);
// A model may still be loading, for example where the port is taken.
ProcessEnd.Now(exitCode);
return exitCode;
