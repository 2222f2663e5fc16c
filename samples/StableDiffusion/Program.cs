using LatentDiffusion;
using LatentDiffusion.Samples;
using StableDiffusion;

// Before anything computes: libtorch reads these settings when it is loaded.
CpuRuntime.Configure();
var options = new CommandLine();
options.Command.SetWork(
    (parsed, cancellationToken) => Drawing.Run(options.ReadModel(parsed), options.ReadImage(parsed), cancellationToken));
return await options.Command.RunAsync(args);
