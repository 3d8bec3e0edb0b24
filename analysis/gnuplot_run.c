#include "analysis/gnuplot_run.h"

#include "analysis/must.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

bool gnuplot_found(void)
{
    const char *path = getenv("PATH");
    if (path == NULL)
        return false;
    char *list = must_copy(path), *rest = NULL;
    bool found = false;
    for (char *folder = strtok_r(list, ":", &rest); folder != NULL && !found;
         folder = strtok_r(NULL, ":", &rest)) {
        char *program = must_print("%s/gnuplot", folder);
        found = access(program, X_OK) == 0;
        free(program);
    }
    free(list);
    return found;
}

int gnuplot_run(const char *folder, const char *script)
{
    pid_t child = fork();
    if (child < 0)
        return -1;
    if (child == 0) {
        if (chdir(folder) == 0 && setenv("LC_ALL", "C.UTF-8", 1) == 0 &&
            setenv("TZ", "UTC", 1) == 0)
            execlp("gnuplot", "gnuplot", "-d", script, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
