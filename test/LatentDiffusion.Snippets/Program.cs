using System.Diagnostics;
using System.Reflection;
using System.Runtime.Loader;

// Runs the compiled snippets of a page, one after the other. The arguments are pairs: an assembly, and the folder that it runs in.
// Next to each assembly, a file says what came of it: the milliseconds, and the exception if there was one.
Console.SetOut(TextWriter.Null);
foreach (string[] pair in args.Chunk(2))
{
    Environment.CurrentDirectory = pair[1];
    var clock = Stopwatch.StartNew();
    string thrown = "";
    try
    {
        MethodInfo main = AssemblyLoadContext.Default.LoadFromAssemblyPath(pair[0]).EntryPoint!;
        object?[] arguments = main.GetParameters().Length == 0 ? [] : [Array.Empty<string>()];
        main.Invoke(null, BindingFlags.DoNotWrapExceptions, null, arguments, null);
    }
    catch (Exception e)
    {
        thrown = $"{e}";
    }

    File.WriteAllText(pair[0] + ".result", $"{clock.ElapsedMilliseconds}\n{thrown}");
}
