using System.CommandLine;
using LatentDiffusion.Samples;
using StableDiffusion;

var options = new CommandLine();
ParseResult parsed = options.Command.WithInvariantNumbers().Parse(args);
options.Command.SetAction((result, cancellationToken) => Drawing.Run(options.ReadModel(result), options.ReadPicture(result), cancellationToken));
return parsed.Errors.Count == 0 ? await parsed.InvokeAsync() : Refusal.Tell(parsed.Errors[0].Message);
