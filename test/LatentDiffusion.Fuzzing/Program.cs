using System.CommandLine;
using LatentDiffusion.Fuzzing;

// Computations are small: more threads would only make the time of an input vary.
TorchSharp.torch.set_num_threads(1);
var root = new RootCommand("Passes damaged and hostile input to every reader of the library.")
{
    FuzzCommands.Fuzz(), FuzzCommands.Worker(), FuzzCommands.Coverage(), FuzzCommands.Seeds(),
};
return root.Parse(args).Invoke();
