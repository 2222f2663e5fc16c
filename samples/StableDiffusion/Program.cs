using LatentDiffusion.Samples;
using StableDiffusion;

var options = new CommandLine();
options.Command.SetWork((parsed, cancellationToken) => Drawing.Run(options.ReadModel(parsed), options.ReadPicture(parsed), cancellationToken));
return await options.Command.RunAsync(args);
