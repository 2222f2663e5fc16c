using LatentDiffusion;
using LatentDiffusion.Samples;
using Studio;

// Before anything computes: libtorch reads these settings when it is loaded.
CpuRuntime.Configure();
var options = new CommandLine();
options.Command.SetWork((parsed, _) =>
{
    StudioSettings settings = options.Read(parsed);
    return settings.IsWorker ? StudioWorker.RunAsync(settings) : StudioServer.RunAsync(settings);
});
int exitCode = await options.Command.RunAsync(args, cancelled: "Stopped.", finishes: true);
// A model may still be loading, for example where the port is taken.
ProcessEnd.Now(exitCode);
return exitCode;
